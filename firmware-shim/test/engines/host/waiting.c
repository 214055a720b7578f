#include "waiting.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#define CHUNK_BYTES 512

static double alarmAt;
static int isAlarmSet;
static uint8_t chunk[CHUNK_BYTES];

static double clockMs(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

double monotonicMs(void)
{
	static double startedAt;
	if (startedAt == 0) startedAt = clockMs();
	return clockMs() - startedAt;
}

void setAlarm(double atMs)
{
	alarmAt = atMs;
	isAlarmSet = 1;
}

void stopAlarm(void)
{
	isAlarmSet = 0;
}

int writeBytes(const uint8_t *bytes, size_t length)
{
	struct pollfd out = { STDOUT_FILENO, POLLOUT, 0 };
	if (poll(&out, 1, 0) != 1 || !(out.revents & POLLOUT)) return 0;
	while (length > 0) {
		ssize_t written = write(STDOUT_FILENO, bytes, length);
		if (written < 0 && errno == EINTR) continue;
		if (written < 0 && errno == EAGAIN) {
			poll(&out, 1, -1);
			continue;
		}
		if (written <= 0) return 0;
		bytes += written;
		length -= (size_t)written;
	}
	return 1;
}

static int patience(void)
{
	if (!isAlarmSet) return -1;
	double left = ceil(alarmAt - monotonicMs());
	return left <= 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

int waitFor(int wantsBytes, Happening *happening)
{
	struct pollfd in = { STDIN_FILENO, POLLIN, 0 };
	while (wantsBytes || isAlarmSet) {
		int ready = poll(&in, wantsBytes ? 1 : 0, patience());
		if (ready < 0 && errno != EINTR) return 0;
		if (ready > 0) {
			ssize_t length = read(STDIN_FILENO, chunk, sizeof chunk);
			if (length < 0 && (errno == EINTR || errno == EAGAIN)) continue;
			if (length <= 0) return 0;
			happening->kind = HAPPENED_BYTES;
			happening->bytes = chunk;
			happening->length = (size_t)length;
			return 1;
		}
		if (isAlarmSet && monotonicMs() >= alarmAt) {
			isAlarmSet = 0;
			happening->kind = HAPPENED_ALARM;
			return 1;
		}
	}
	return 0;
}
