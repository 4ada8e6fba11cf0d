package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"beian/config"
	"beian/internal/queue"
	"beian/internal/text"
	"beian/internal/vault"
	"beian/tasks"
)

// Free space below which the doctor warns, and below which the database will soon
// be read-only.
const (
	diskTight = 2 << 30
	diskFull  = 200 << 20
)

func examineDisk(dir string) finding {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return broken("DISK", "unknown", text.Params{"dir": dir})
	}
	return judgeDisk(dir, int64(fs.Bavail)*fs.Bsize)
}

func judgeDisk(dir string, free int64) finding {
	values := text.Params{"dir": dir, "mb": free >> 20}
	switch {
	case free < diskFull:
		return broken("DISK", "full", values)
	case free < diskTight:
		return warned("DISK", "tight", values)
	}
	return healthy("DISK", values)
}

func (o *office) examineSchema(ctx context.Context) finding {
	if err := o.store.Current(ctx); err != nil {
		f := broken("SCHEMA", "behind", text.Params{"why": err.Error()})
		f.fix = func(ctx context.Context) error {
			_, err := o.store.Migrate(ctx)
			return err
		}
		return f
	}
	return healthy("SCHEMA", nil)
}

// Skew of the database's clock: from a second on the two times that people compare
// differ; from a minute on a code may be dead before it is typed (C1).
const (
	skewSeen  = time.Second
	skewFault = time.Minute
)

// examineClock compares the database's time with this machine's; promises, codes
// and leases go by the former.
func (o *office) examineClock(ctx context.Context) finding {
	var there time.Time
	before := o.clock()
	err := o.store.View(ctx, func(tx tasks.Tx) error {
		there = tx.Now()
		return nil
	})
	if err != nil || there.IsZero() {
		return warned("CLOCK", "unknown", nil)
	}
	return skewed(there.Sub(before), o.clock().Sub(before))
}

// skewed judges a difference that was read within a span of time.
func skewed(off, within time.Duration) finding {
	switch {
	case off > 0:
		off = max(0, off-within)
	default:
		off = -off
	}
	values := text.Params{"seconds": strconv.FormatFloat(off.Seconds(), 'f', 1, 64)}
	switch {
	case off >= skewFault:
		return broken("CLOCK", "wrong", values)
	case off >= skewSeen:
		return warned("CLOCK", "off", values)
	}
	return healthy("CLOCK", values)
}

// examineBlobs writes, reads and deletes one blob.
func (o *office) examineBlobs(ctx context.Context) finding {
	where := "documents"
	if !o.cfg.Blobs.URL.IsZero() {
		where = o.cfg.Blobs.URL.String()
	}
	name := "doctor-" + random{}.ID()
	probe := []byte(name)
	err := o.cabinet.blobs.Put(ctx, name, probe)
	if err == nil {
		var kept []byte
		kept, err = o.cabinet.blobs.Get(ctx, name)
		if err == nil && !bytes.Equal(kept, probe) {
			err = errors.New("what was read is not what was written")
		}
		err = errors.Join(err, o.cabinet.blobs.Delete(ctx, name))
	}
	if err != nil {
		return broken("BLOBS", "away", text.Params{"where": where, "why": rootCause(err)})
	}
	return healthy("BLOBS", text.Params{"where": where})
}

// examineKeys tells whether the key file can be used: one that others may read is
// refused by every command, one that is missing in production, too. Development
// makes it at the first start.
func examineKeys(cfg config.Config) finding {
	path := cfg.KeysPath()
	values := text.Params{"file": path}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist) && cfg.IsDevelopment():
		return healthy("KEYS", values)
	case err == nil && info.Mode().Perm()&0o007 != 0:
		f := broken("KEYS", "open", values)
		f.fix = func(context.Context) error { return os.Chmod(path, 0o600) }
		return f
	}
	if _, err := vault.Load(path); err != nil {
		return broken("KEYS", "broken", values)
	}
	return healthy("KEYS", values)
}

// examineCalendar wants every year in which dates fall, next year's from November
// on, when it has been announced (V2).
func (o *office) examineCalendar() finding {
	years := o.calendar.Years()
	values := text.Params{"first": years[0].Year.Number(), "last": years[len(years)-1].Year.Number()}
	missing := o.calendar.InForce().Missing(o.clock())
	if len(missing) == 0 {
		return healthy("CALENDAR", values)
	}
	names := make([]string, len(missing))
	for i, year := range missing {
		names[i] = strconv.Itoa(year)
	}
	values["years"] = strings.Join(names, ", ")
	return warned("CALENDAR", "missing", values)
}

// examineMessages warns of an inbox that nobody's phone is behind.
func (o *office) examineMessages() finding {
	values := text.Params{"provider": o.cfg.SMSProvider}
	if o.cfg.SMSProvider == "inbox" && !o.cfg.IsDevelopment() {
		return warned("MESSAGES", "inbox", values)
	}
	return healthy("MESSAGES", values)
}

// bufferedGap: the two lines of the probe leave a second apart.
const bufferedGap = 300 * time.Millisecond

// examineProxy asks the API through its public address whether what it streams
// arrives at once: a proxy that buffers makes live pages lag by minutes.
func (o *office) examineProxy(ctx context.Context) finding {
	if o.cfg.PublicURL == "" {
		return healthy("PROXY", text.Params{"url": o.cfg.BaseURL()})
	}
	values := text.Params{"url": o.cfg.BaseURL()}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, o.cfg.BaseURL()+"/livez/stream", nil)
	if err != nil {
		return warned("PROXY", "unreached", values)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return warned("PROXY", "unreached", values)
	}
	defer res.Body.Close()
	arrived := arrivals(bufio.NewScanner(res.Body))
	switch {
	case res.StatusCode != http.StatusOK || len(arrived) != 2:
		return warned("PROXY", "unreached", values)
	case arrived[1].Sub(arrived[0]) < bufferedGap:
		return warned("PROXY", "buffers", values)
	}
	return healthy("PROXY", values)
}

// arrivals are the moments at which the stream's events came.
func arrivals(lines *bufio.Scanner) (at []time.Time) {
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "data:") {
			at = append(at, time.Now())
		}
	}
	return at
}

// examineRedis is the queue's own test, and Redis's clock: Asynq orders by it.
func (o *office) examineRedis(ctx context.Context) []finding {
	if err := o.connect(ctx); err != nil {
		return []finding{broken(queue.CodeUnreachable, "away", text.Params{"why": rootCause(err)})}
	}
	var out []finding
	for _, f := range o.redis.SelfTest(ctx) {
		out = append(out, finding{Code: f.Code, Level: f.Level, Case: f.Case, values: text.Params{"value": f.Value, "why": f.Value}})
	}
	return slices.Clip(out)
}
