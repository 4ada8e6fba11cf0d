package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"beian/tasks"
)

type streamInput struct {
	Receipt string `path:"receipt" maxLength:"40"`
	Last    string `header:"Last-Event-ID" maxLength:"20" doc:"The seq of the last event you have."`
}

type streamOutput struct {
	Type      string `header:"Content-Type"`
	Buffering string `header:"X-Accel-Buffering"`
	Body      func(huma.Context)
}

// maxStreams bounds the open streams of a process; beyond it clients poll.
const maxStreams = 1000

// streamJob sends a job's events as they happen (server-sent events), until the
// job has ended, half an hour is over, or the server stops; a client then comes
// back with Last-Event-ID or does not. Every open stream reads its job once a
// second.
func (s *Server) streamJob(ctx context.Context, in *streamInput) (*streamOutput, error) {
	v, by, err := s.look(ctx, in.Receipt)
	if err != nil {
		return nil, err
	}
	done, err := s.enterStream()
	if err != nil {
		return nil, err
	}
	last, err := strconv.Atoi(in.Last)
	if err != nil {
		last = 0
	}
	return &streamOutput{Type: "text/event-stream", Buffering: "no", Body: func(hc huma.Context) {
		defer done()
		w := callOf(ctx).writer
		patient(w)
		hc.SetStatus(http.StatusOK)
		f := newFlow(w)
		s.follow(ctx, f, follower{
			look: func() { v = s.news(ctx, v, by) },
			tell: func() bool { return f.events(v.Timeline, &last) == nil && !v.Job.State.Ended() },
		})
	}}, nil
}

// enterStream counts an open stream until done; tasks.ErrUnavailable when there
// are too many.
func (s *Server) enterStream() (done func(), err error) {
	done = func() { s.streams.Add(-1) }
	if s.streams.Add(1) > maxStreams {
		done()
		return nil, tasks.ErrUnavailable
	}
	return done, nil
}

// flow is one open stream.
type flow struct {
	w       io.Writer
	control *http.ResponseController
}

func newFlow(w http.ResponseWriter) flow {
	return flow{w: w, control: http.NewResponseController(w)}
}

// follower is what a stream follows. Tell writes what is new and reports whether
// more can come; look reads how things stand now.
type follower struct {
	look func()
	tell func() bool
}

// sendTime is how long a client may take to accept a write.
const sendTime = 30 * time.Second

// follow tells and looks by turns until the matter has settled, half an hour is
// over, the server stops, or somebody leaves.
func (s *Server) follow(ctx context.Context, f flow, what follower) {
	if f.write("retry: 5000\n\n") != nil {
		return
	}
	over := time.After(s.pace.stream)
	poll, ping := time.NewTicker(s.pace.poll), time.NewTicker(s.pace.ping)
	defer poll.Stop()
	defer ping.Stop()
	for what.tell() {
		select {
		case <-ctx.Done():
			return
		case <-s.ending:
			return
		case <-over:
			return
		case <-ping.C:
			if f.write(": ping\n\n") != nil {
				return
			}
		case <-poll.C:
			what.look()
		}
	}
}

// news reads the timeline only when the job's version says that it grew.
func (s *Server) news(ctx context.Context, v tasks.View, by tasks.Viewer) tasks.View {
	now, err := s.parts.Desk.Glance(ctx, v.Job.Receipt, by)
	if err != nil || now.Job.Version == v.Job.Version {
		return v
	}
	if now, err = s.parts.Desk.Look(ctx, v.Job.Receipt, by); err != nil {
		return v
	}
	return concealed(now)
}

// events writes those behind last, which moves on.
func (f flow) events(timeline []tasks.Event, last *int) error {
	for _, e := range timeline {
		if e.Seq <= *last {
			continue
		}
		data, err := json.Marshal(eventOf(e))
		if err != nil {
			return fmt.Errorf("encoding an event: %w", err)
		}
		if err := f.write(fmt.Sprintf("id: %d\ndata: %s\n\n", e.Seq, data)); err != nil {
			return err
		}
		*last = e.Seq
	}
	return nil
}

func (f flow) write(text string) error {
	_ = f.control.SetWriteDeadline(time.Now().Add(sendTime)) // recorders of tests have none
	if _, err := io.WriteString(f.w, text); err != nil {
		return err
	}
	return f.control.Flush()
}
