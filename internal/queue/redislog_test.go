package queue

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
)

type line struct {
	Level, From, Message string
	Suppressed           int
}

func readLines(t *testing.T, out *bytes.Buffer) []line {
	t.Helper()
	var lines []line
	for decoder := json.NewDecoder(out); decoder.More(); {
		var l line
		if err := decoder.Decode(&l); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	return lines
}

func TestGoRedisSpeaksOnceInTenSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		logger := RedisLogger(zerolog.New(&out))
		for range 25 {
			logger.Printf(t.Context(), "dial %s\n", "refused")
			<-time.After(time.Second)
		}
		want := []line{{"warn", "go-redis", "dial refused", 0}, {"warn", "go-redis", "dial refused", 9}, {"warn", "go-redis", "dial refused", 9}}
		if diff := cmp.Diff(want, readLines(t, &out)); diff != "" {
			t.Errorf("lines (-want +got):\n%s", diff)
		}
	})
}

func TestALongMessageOfGoRedisIsCutBetweenCharacters(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	RedisLogger(zerolog.New(&out)).Printf(t.Context(), "a%s", strings.Repeat("备", 300))
	want := "a" + strings.Repeat("备", 166) + "…"
	if got := readLines(t, &out)[0].Message; got != want {
		t.Errorf("message %q", got)
	}
}

func TestAsynqSpeaksThroughZerologAndNeverEndsTheProcess(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	logger := AsynqLogger(zerolog.New(&out))
	logger.Debug("a", 1)
	logger.Info("b")
	logger.Warn("c")
	logger.Error("d: ", "e")
	logger.Fatal("f")
	want := []line{{"debug", "asynq", "a1", 0}, {"info", "asynq", "b", 0}, {"warn", "asynq", "c", 0},
		{"error", "asynq", "d: e", 0}, {"fatal", "asynq", "f", 0}}
	if diff := cmp.Diff(want, readLines(t, &out)); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}
