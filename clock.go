package main

import (
	"errors"
	"fmt"
	"time"

	"beian/config"
)

// clock is what time it is for the office. `dev` can start it at another moment
// and let it run faster; everything that people have to do in time is then
// measured by it but claims and the undo of reviewers, which stay as long on the
// wall. Asynq knows the wall's time only: what it is told is divided by the speed.
type clock struct {
	began time.Time // on the wall
	start time.Time // what the clock showed then
	speed float64
	wall  func() time.Time
}

// wallClock is the time as it is.
func wallClock() clock {
	now := time.Now()
	return clock{began: now, start: now, speed: 1, wall: time.Now}
}

func (c clock) now() time.Time {
	if !c.moved() {
		return c.wall()
	}
	return c.start.Add(time.Duration(float64(c.wall().Sub(c.began)) * c.speed))
}

// moved reports whether it shows another time than the wall, or soon will.
func (c clock) moved() bool { return c.speed != 1 || !c.start.Equal(c.began) }

// stretch is a span of the wall on this clock.
func (c clock) stretch(d time.Duration) time.Duration { return time.Duration(float64(d) * c.speed) }

const fastest = 3600

// clockOf reads the flags of dev: a moment or a date, begun at office time, and a
// factor.
func clockOf(moment string, speed float64, cfg config.Config) (clock, error) {
	c := wallClock()
	if speed < 1 || speed > fastest {
		return c, usageError{fmt.Sprintf("--speed must be between 1 and %d", fastest)}
	}
	c.speed = speed
	if moment != "" {
		start, err := readMoment(moment)
		if err != nil {
			return c, usageError{err.Error()}
		}
		c.start = start
	}
	if _, sqlite := cfg.SQLitePath(); c.moved() && !sqlite {
		return c, usageError{"--now and --speed move SQLite's clock; PostgreSQL keeps its own"}
	}
	return c, nil
}

// readMoment takes RFC 3339, or a date, which means nine in the morning in China.
func readMoment(text string) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	day, err := time.ParseInLocation(time.DateOnly, text, time.FixedZone("CST", 8*60*60))
	if err != nil {
		return time.Time{}, errors.New("--now must be a date such as 2026-03-02, or a moment such as 2026-03-02T17:59:00+08:00")
	}
	return day.Add(9 * time.Hour), nil
}
