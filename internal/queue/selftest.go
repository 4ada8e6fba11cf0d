package queue

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

// Level says how much a finding matters.
type Level string

// A fault must be repaired before work is accepted; a warning is for people.
const (
	LevelOK    Level = "ok"
	LevelWarn  Level = "warn"
	LevelFault Level = "fault"
)

// The codes of findings. They are stable.
const (
	CodeUnreachable = "REDIS_UNREACHABLE"
	CodeVersion     = "REDIS_VERSION"
	CodeEviction    = "REDIS_EVICTION"
	CodePersistence = "REDIS_PERSISTENCE"
	CodeScripts     = "REDIS_SCRIPTS"
)

// Finding is one answer of the self-test: Case names what was found among the
// answers of its Code, Detail says it in a sentence and, unless all is well, what
// to set; Value is what it depends on, such as a version.
type Finding struct {
	Code   string
	Level  Level
	Case   string
	Value  string
	Detail string
}

// probeQueue exists only while a self-test runs.
const probeQueue = "probe"

// SelfTest checks the Redis behind r. For a queue in memory, the checks of a
// server's settings do not apply.
func (r *Redis) SelfTest(ctx context.Context) []Finding {
	if r.mode != ModeEmbeddedMemory {
		return SelfTest(ctx, r.front)
	}
	return []Finding{
		{CodePersistence, LevelWarn, "memory", "", "The queue is in memory and is rebuilt from SQL at start; install redis-server or set a redis URL."},
		checkScripts(ctx, r.front),
	}
}

// SelfTest checks that the Redis behind the client can carry the queue: version
// 6.2, no eviction, persistence, and a task's way through a probe queue, of which
// nothing stays. It returns one finding per code, the worst over all masters of
// a cluster, or REDIS_UNREACHABLE alone.
func SelfTest(ctx context.Context, client redis.UniversalClient) []Finding {
	if err := client.Ping(ctx).Err(); err != nil {
		return []Finding{unreachable(err)}
	}
	nodes, err := masters(ctx, client)
	if err != nil {
		return []Finding{unreachable(err)}
	}
	return []Finding{
		worst(ctx, nodes, checkVersion),
		worst(ctx, nodes, checkEviction),
		worst(ctx, nodes, checkPersistence),
		checkScripts(ctx, client),
	}
}

func unreachable(err error) Finding {
	return Finding{CodeUnreachable, LevelFault, "away", err.Error(),
		fmt.Sprintf("Redis does not answer (%v): check that it runs, its address, password and TLS setting.", err)}
}

// masters returns every server that holds a part of the queue.
func masters(ctx context.Context, client redis.UniversalClient) ([]redis.Cmdable, error) {
	cluster, ok := client.(*redis.ClusterClient)
	if !ok {
		return []redis.Cmdable{client}, nil
	}
	var guard sync.Mutex
	var nodes []redis.Cmdable
	err := cluster.ForEachMaster(ctx, func(_ context.Context, node *redis.Client) error {
		guard.Lock()
		defer guard.Unlock()
		nodes = append(nodes, node)
		return nil
	})
	if err == nil && len(nodes) == 0 {
		err = errors.New("the cluster names no master")
	}
	return nodes, err
}

func worst(ctx context.Context, nodes []redis.Cmdable, check func(context.Context, redis.Cmdable) Finding) Finding {
	rank := map[Level]int{LevelOK: 1, LevelWarn: 2, LevelFault: 3}
	var found Finding
	for _, node := range nodes {
		if f := check(ctx, node); rank[f.Level] > rank[found.Level] {
			found = f
		}
	}
	return found
}

func checkVersion(ctx context.Context, node redis.Cmdable) Finding {
	version := info(ctx, node, "server")["redis_version"]
	enough, err := atLeast(version, 6, 2)
	switch {
	case err != nil:
		return Finding{CodeVersion, LevelWarn, "hidden", "", "Could not check the version of Redis: allow the command INFO; 6.2 or newer is needed."}
	case !enough:
		return Finding{CodeVersion, LevelFault, "old", version, fmt.Sprintf("Redis %s is too old: install 6.2 or newer.", version)}
	}
	return Finding{CodeVersion, LevelOK, "ok", version, fmt.Sprintf("Redis %s.", version)}
}

func atLeast(version string, major, minor int) (bool, error) {
	first, rest, _ := strings.Cut(version, ".")
	second, _, _ := strings.Cut(rest, ".")
	a, errA := strconv.Atoi(first)
	b, errB := strconv.Atoi(second)
	return a > major || a == major && b >= minor, errors.Join(errA, errB)
}

// checkEviction asks INFO where CONFIG is forbidden, as managed services do.
func checkEviction(ctx context.Context, node redis.Cmdable) Finding {
	policy := config(ctx, node, "maxmemory-policy")
	if policy == "" {
		policy = info(ctx, node, "memory")["maxmemory_policy"]
	}
	switch policy {
	case "":
		return Finding{CodeEviction, LevelWarn, "hidden", "", "Could not check maxmemory-policy: allow CONFIG GET or INFO, and make sure that it is noeviction."}
	case "noeviction":
		return Finding{CodeEviction, LevelOK, "ok", "", "maxmemory-policy is noeviction."}
	}
	return Finding{CodeEviction, LevelFault, "evicts", policy,
		fmt.Sprintf("maxmemory-policy is %s, so Redis may throw waiting tasks away: set maxmemory-policy noeviction.", policy)}
}

func checkPersistence(ctx context.Context, node redis.Cmdable) Finding {
	save, answered := lookup(ctx, node, "save")
	switch {
	case config(ctx, node, "appendonly") == "yes", info(ctx, node, "persistence")["aof_enabled"] == "1":
		return Finding{CodePersistence, LevelOK, "ok", "", "The append-only file is on."}
	case save != "":
		return Finding{CodePersistence, LevelOK, "snapshots", "", "Snapshots are on; appendonly yes would lose less."}
	case !answered:
		return Finding{CodePersistence, LevelWarn, "hidden", "", "Could not check persistence: allow CONFIG GET or INFO, and make sure that appendonly is yes."}
	}
	return Finding{CodePersistence, LevelWarn, "none", "",
		"Redis keeps nothing on disk, so after its restart the queue must be rebuilt from SQL: set appendonly yes."}
}

func config(ctx context.Context, node redis.Cmdable, name string) string {
	value, _ := lookup(ctx, node, name)
	return value
}

func lookup(ctx context.Context, node redis.Cmdable, name string) (string, bool) {
	settings, err := node.ConfigGet(ctx, name).Result()
	value, found := settings[name]
	return value, err == nil && found
}

// info returns the fields of one section; none where INFO is forbidden.
func info(ctx context.Context, node redis.Cmdable, section string) map[string]string {
	fields := make(map[string]string)
	for line := range strings.Lines(node.Info(ctx, section).Val()) {
		if key, value, found := strings.Cut(strings.TrimSpace(line), ":"); found {
			fields[key] = value
		}
	}
	return fields
}

// checkScripts sends a task through the probe queue. It tries again when another
// process's probe took the queue's name away in between.
func checkScripts(ctx context.Context, client redis.UniversalClient) Finding {
	id, err := rand.Text(), error(nil)
	for range 5 {
		if err = probe(ctx, client, id); !errors.Is(err, asynq.ErrQueueNotFound) {
			break
		}
	}
	if err != nil {
		return Finding{CodeScripts, LevelFault, "refused", err.Error(), fmt.Sprintf("A task could not pass through a probe queue (%v): "+
			"allow EVAL and EVALSHA on keys asynq:*, with keys built inside scripts (script_check_enable=0 on Alibaba Cloud), on a writable master.", err)}
	}
	return Finding{CodeScripts, LevelOK, "ok", "", "Scripts run; a task passed through the probe queue."}
}

// probe makes new clients each time: they remember which queues exist.
func probe(ctx context.Context, client redis.UniversalClient, id string) error {
	sender, inspector := asynq.NewClientFromRedisClient(client), asynq.NewInspectorFromRedisClient(client)
	_, err := sender.EnqueueContext(ctx, asynq.NewTask("probe", nil), asynq.TaskID(id), asynq.Queue(probeQueue), asynq.MaxRetry(0))
	if err != nil && !errors.Is(err, asynq.ErrTaskIDConflict) {
		return fmt.Errorf("enqueue: %w", err)
	}
	task, err := inspector.GetTaskInfo(probeQueue, id)
	if err != nil {
		return fmt.Errorf("inspect: %w", err)
	}
	if task.State != asynq.TaskStateArchived {
		if err := inspector.ArchiveTask(probeQueue, id); err != nil {
			return fmt.Errorf("archive: %w", err)
		}
	}
	if err := inspector.DeleteTask(probeQueue, id); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	return forgetProbe(inspector)
}

// forgetProbe leaves the queue to whoever else is still probing.
func forgetProbe(inspector *asynq.Inspector) error {
	err := inspector.DeleteQueue(probeQueue, false)
	if err != nil && !errors.Is(err, asynq.ErrQueueNotEmpty) && !errors.Is(err, asynq.ErrQueueNotFound) {
		return fmt.Errorf("delete the queue: %w", err)
	}
	return nil
}
