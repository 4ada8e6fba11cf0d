package queue

import (
	"time"

	"beian/tasks"
)

// horizonOf is how far ahead a queue's tasks are published, on the record's clock.
func (r *Relay) horizonOf(q tasks.Queue) time.Duration {
	if q == tasks.QueueReview {
		return cardHorizon
	}
	return time.Duration(float64(horizon) * r.speed)
}

func retentionOf(q tasks.Queue) time.Duration {
	if q == tasks.QueueReview {
		return cardRetention
	}
	return retention
}
