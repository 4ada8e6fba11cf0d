package main

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"beian/internal/store"
)

// metrics are what Prometheus reads; names follow docs/operations.md.
type metrics struct {
	registry *prometheus.Registry
	tasks    *prometheus.HistogramVec
}

func newMetrics(s *store.Store, more ...prometheus.Collector) *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), tasks: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "beian_task_duration_seconds", Help: "How long deliveries took, by task type and outcome.",
		Buckets: []float64{.001, .005, .01, .05, .1, .5, 1, 5, 20},
	}, []string{"task", "outcome"})}
	build := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "beian_build_info", Help: "Always 1; the label is the version.",
		ConstLabels: prometheus.Labels{"version": version()}}, func() float64 { return 1 })
	m.registry.MustRegister(m.tasks, build, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), queueCollector{s})
	m.registry.MustRegister(more...)
	return m
}

// delivered observes one delivery. Types that are not the desk's share one label,
// so that nobody can fill the registry.
func (o *office) delivered(kind, outcome string, took time.Duration) {
	if !o.desk.Knows(kind) {
		kind = "other"
	}
	o.metrics.tasks.WithLabelValues(kind, outcome).Observe(took.Seconds())
}

// handler serves them on an address of their own.
func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// queueCollector reads the outbox's figures when asked.
type queueCollector struct{ store *store.Store }

// The gauges of queueCollector.
func queueTasks() *prometheus.Desc {
	return prometheus.NewDesc("beian_queue_tasks", "Tasks by what SQL knows of them.", []string{"queue", "state"}, nil)
}

func queueOldest() *prometheus.Desc {
	return prometheus.NewDesc("beian_queue_oldest_pending_seconds", "How long the oldest due task has waited.", []string{"queue"}, nil)
}

func outboxPending() *prometheus.Desc {
	return prometheus.NewDesc("beian_outbox_pending", "Tasks that Redis does not hold yet.", nil, nil)
}

func jobsDisputed() *prometheus.Desc {
	return prometheus.NewDesc("beian_jobs_disputed", "Jobs whose dispute waits for a supervisor.", nil, nil)
}

func webhooksKept() *prometheus.Desc {
	return prometheus.NewDesc("beian_webhooks", "Webhooks by state: active, off, gone.", []string{"state"}, nil)
}

// Describe names the gauges.
func (c queueCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- queueTasks()
	ch <- queueOldest()
	ch <- outboxPending()
	ch <- jobsDisputed()
	ch <- webhooksKept()
}

// Collect reads the record; a failing record leaves the gauges out.
func (c queueCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	figures, err := c.store.Figures(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(queueTasks(), err)
		return
	}
	disputed, err := c.store.Disputed(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(jobsDisputed(), err)
		return
	}
	ch <- prometheus.MustNewConstMetric(jobsDisputed(), prometheus.GaugeValue, float64(disputed))
	webhooks, err := c.store.WebhookStates(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(webhooksKept(), err)
		return
	}
	for state, n := range webhooks {
		ch <- prometheus.MustNewConstMetric(webhooksKept(), prometheus.GaugeValue, float64(n), state)
	}
	var pending int64
	for _, f := range figures {
		for state, n := range map[string]int64{"waiting": f.Waiting, "sent": f.Sent, "running": f.Running, "dead": f.Dead} {
			ch <- prometheus.MustNewConstMetric(queueTasks(), prometheus.GaugeValue, float64(n), string(f.Queue), state)
		}
		ch <- prometheus.MustNewConstMetric(queueOldest(), prometheus.GaugeValue, f.OldestDue.Seconds(), string(f.Queue))
		pending += f.Waiting
	}
	ch <- prometheus.MustNewConstMetric(outboxPending(), prometheus.GaugeValue, float64(pending))
}
