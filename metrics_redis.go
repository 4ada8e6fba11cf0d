package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// redisCollector reads what Asynq holds in Redis when asked, and whether it answers.
type redisCollector struct{ inspector inspector }

// The gauges of redisCollector.
func redisUp() *prometheus.Desc {
	return prometheus.NewDesc("beian_redis_up", "1 when Redis answers for the queues. Submissions go on without it.", nil, nil)
}

func redisTasks() *prometheus.Desc {
	return prometheus.NewDesc("beian_redis_tasks", "Tasks that Asynq holds in Redis.", []string{"queue", "state"}, nil)
}

func queuePaused() *prometheus.Desc {
	return prometheus.NewDesc("beian_queue_paused", "1 while somebody has paused the queue.", []string{"queue"}, nil)
}

// Describe names the gauges.
func (c redisCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- redisUp()
	ch <- redisTasks()
	ch <- queuePaused()
}

// Collect asks Redis; when it does not answer, only beian_redis_up says so.
func (c redisCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	infos, err := c.inspector.QueueInfos(ctx)
	ch <- prometheus.MustNewConstMetric(redisUp(), prometheus.GaugeValue, one(err == nil))
	if err != nil {
		return
	}
	for _, q := range infos {
		ch <- prometheus.MustNewConstMetric(queuePaused(), prometheus.GaugeValue, one(q.Paused), string(q.Name))
		for state, n := range q.Tasks {
			ch <- prometheus.MustNewConstMetric(redisTasks(), prometheus.GaugeValue, float64(n), string(q.Name), state)
		}
	}
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
