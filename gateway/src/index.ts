export type { BrokerReport } from './bridge/broker-client.js';
export {
  type BrokerConfig,
  CONFIG_DEFAULT,
  type GatewayConfig,
  type LinkConfig,
  MQTT_DEFAULT,
  type MqttConfig,
} from './config/config.js';
export { type ConfigFault, type ParsedConfig, parseConfig } from './config/parse.js';
export { Registry } from './control/registry.js';
export { Gateway, type GatewayDevice, type GatewayOptions, type GatewayStatus } from './gateway.js';
export type { Mesh } from './mesh.js';
export { type PathView, type PeerView, pathText, reasonText } from './peer-view.js';
export { VERSION } from './version.js';
