package queue

import (
	"context"
	"time"

	"github.com/rs/zerolog"
)

// Duty is a recurring chore of the house.
type Duty struct {
	Name  string
	Every time.Duration
}

// Chief is the part of the store that elects one process and posts chores.
type Chief interface {
	Lead(ctx context.Context, name, holder string, term time.Duration) (bool, error)
	PostChore(ctx context.Context, name string, every time.Duration) error
}

// choresEvery is how often each process asks whether it leads.
const choresEvery = 5 * time.Second

// RunChores posts every duty once per time bucket, from whichever process leads;
// a missed bucket is made up by the next, since duties work from SQL.
func RunChores(ctx context.Context, chief Chief, holder string, duties []Duty, log zerolog.Logger) error {
	tick := time.NewTicker(choresEvery)
	defer tick.Stop()
	for {
		if err := postChores(ctx, chief, holder, duties); err != nil && ctx.Err() == nil {
			log.Warn().Err(err).Msg("chores were not posted; the next round does it")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func postChores(ctx context.Context, chief Chief, holder string, duties []Duty) error {
	leads, err := chief.Lead(ctx, "chores", holder, 3*choresEvery)
	if err != nil || !leads {
		return err
	}
	for _, d := range duties {
		if err := chief.PostChore(ctx, d.Name, d.Every); err != nil {
			return err
		}
	}
	return nil
}
