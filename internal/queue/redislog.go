package queue

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/hibiken/asynq"
	"github.com/rs/zerolog"
)

const (
	redisLogPause = 10 * time.Second
	redisLogWidth = 500
)

// RedisLog passes the messages of go-redis on to zerolog, at most one in 10 s,
// each with the number that were held back since the last. While Redis is away
// go-redis writes dozens of lines a second.
type RedisLog struct {
	log        zerolog.Logger
	guard      sync.Mutex
	next       time.Time
	suppressed int
}

// RedisLogger returns the value for redis.SetLogger, which is global: the main
// program sets it once.
func RedisLogger(log zerolog.Logger) *RedisLog { return &RedisLog{log: log} }

// Printf logs one message of go-redis as a warning, or counts it.
func (l *RedisLog) Printf(_ context.Context, format string, v ...any) {
	suppressed, speak := l.admit(time.Now())
	if !speak {
		return
	}
	text := strings.TrimSpace(fmt.Sprintf(format, v...))
	if len(text) > redisLogWidth {
		text = strings.ToValidUTF8(text[:redisLogWidth], "") + "…"
	}
	l.log.Warn().Str("from", "go-redis").Int("suppressed", suppressed).Msg(text)
}

func (l *RedisLog) admit(now time.Time) (suppressed int, speak bool) {
	l.guard.Lock()
	defer l.guard.Unlock()
	if now.Before(l.next) {
		l.suppressed++
		return 0, false
	}
	suppressed, l.suppressed, l.next = l.suppressed, 0, now.Add(redisLogPause)
	return suppressed, true
}

// AsynqLogger returns a logger for asynq.Config that writes to zerolog. Its
// Fatal does not end the process: only the main program decides that, and asynq
// itself never calls it.
func AsynqLogger(log zerolog.Logger) asynq.Logger {
	return asynqLog{log: log.With().Str("from", "asynq").Logger()}
}

type asynqLog struct{ log zerolog.Logger }

func (l asynqLog) Debug(args ...any) { l.log.Debug().Msg(fmt.Sprint(args...)) }
func (l asynqLog) Info(args ...any)  { l.log.Info().Msg(fmt.Sprint(args...)) }
func (l asynqLog) Warn(args ...any)  { l.log.Warn().Msg(fmt.Sprint(args...)) }
func (l asynqLog) Error(args ...any) { l.log.Error().Msg(fmt.Sprint(args...)) }
func (l asynqLog) Fatal(args ...any) { l.log.WithLevel(zerolog.FatalLevel).Msg(fmt.Sprint(args...)) }
