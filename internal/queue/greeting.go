package queue

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/redis/go-redis/v9"
)

// greetingLimit is for the first command on a new connection, with its tries.
const greetingLimit = time.Second

// greeting keeps go-redis from repeating the first command of a connection as often
// as any other: it would go to the same connection, which is broken for good, and
// after an outage a worker would wait twenty seconds for a server that answers (R6),
// and as long when it is asked to stop (R17). The command that needed the connection
// is repeated on a new one.
type greeting struct{}

// DialHook changes nothing.
func (greeting) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessPipelineHook changes nothing.
func (greeting) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// ProcessHook ends a greeting in time, as a connection that broke.
func (greeting) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() != "hello" {
			return next(ctx, cmd)
		}
		short, cancel := context.WithTimeout(ctx, greetingLimit)
		defer cancel()
		err := next(short, cmd)
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			return io.ErrUnexpectedEOF
		}
		return err
	}
}
