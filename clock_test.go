package main

import (
	"testing"
	"time"

	"beian/config"
)

func TestTheClockBeginsWhereItIsToldAndRunsFaster(t *testing.T) {
	t.Parallel()
	c, err := clockOf("2026-03-02", 60, config.Config{})
	if err != nil {
		t.Fatal(err)
	}
	wall := c.began
	c.wall = func() time.Time { return wall }
	if got := c.now(); !got.Equal(time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)) {
		t.Errorf("it begins at %s, want nine in the morning in China", got)
	}
	wall = wall.Add(time.Minute)
	if got := c.now(); !got.Equal(time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)) {
		t.Errorf("a minute at factor 60 later it is %s", got)
	}
	if got := c.stretch(10 * time.Second); got != 10*time.Minute {
		t.Errorf("ten seconds of the wall are %s", got)
	}
}

func TestAClockThatCannotBeMovedSaysSo(t *testing.T) {
	t.Parallel()
	postgres := config.Config{DatabaseURL: config.NewURL("postgres://db/beian")}
	for name, try := range map[string]struct {
		moment string
		speed  float64
		cfg    config.Config
	}{
		"no moment": {"yesterday", 1, config.Config{}}, "backwards": {"", -1, config.Config{}}, "too fast": {"", 4000, config.Config{}},
		"PostgreSQL": {"2026-03-02", 1, postgres}, "PostgreSQL at speed": {"", 2, postgres},
	} {
		if _, err := clockOf(try.moment, try.speed, try.cfg); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if c, err := clockOf("", 1, postgres); err != nil || c.moved() {
		t.Errorf("an unmoved clock: moved %v, %v", c.moved(), err)
	}
}
