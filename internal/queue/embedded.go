package queue

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"
)

const (
	startLimit   = 30 * time.Second
	stopLimit    = 3 * time.Second
	lockLimit    = time.Second
	firstPause   = 100 * time.Millisecond
	longestPause = 10 * time.Second
	// socketLimit is the shortest sun_path among the systems we run on (macOS).
	socketLimit = 103
	logLimit    = 8 << 20
)

func connectEmbedded(ctx context.Context, o Options) (*Redis, error) {
	binary, err := findServer(o)
	if err != nil {
		return nil, err
	}
	if o.DataDir == "" {
		return nil, errors.New("start the embedded queue: no data directory is set")
	}
	dir, err := filepath.Abs(filepath.Join(o.DataDir, "redis"))
	if err != nil {
		return nil, fmt.Errorf("find the data directory: %w", err)
	}
	lock, err := lockFolder(ctx, dir)
	if err != nil {
		return nil, err
	}
	if binary == "" {
		return startMemory(o.Log, lock), nil
	}
	return startServer(ctx, &server{binary: binary, dir: dir, lock: lock, log: o.Log})
}

// lockFolder makes the folder and takes its lock. It waits a moment, since the
// server of a killed process holds the lock until it is dead too.
func lockFolder(ctx context.Context, dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the embedded queue: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the operator chose the folder
	if err != nil {
		return nil, fmt.Errorf("open the lock of the embedded queue: %w", err)
	}
	if err := waitForLock(ctx, file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if err := writeOwner(file); err != nil {
		return nil, errors.Join(fmt.Errorf("write the lock of the embedded queue: %w", err), file.Close())
	}
	return file, nil
}

func waitForLock(ctx context.Context, file *os.File) error {
	ctx, cancel := context.WithTimeout(ctx, lockLimit)
	defer cancel()
	var err error
	if poll(ctx, func() bool {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) //nolint:gosec // a descriptor fits an int
		return !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR)
	}) == nil && err == nil {
		return nil
	}
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return fmt.Errorf("lock the folder of the embedded queue: %w", err)
	}
	owner, _ := os.ReadFile(file.Name()) // without it the sentence is still clear
	return fmt.Errorf("the embedded queue in %s is in use by another process (pid %s): stop it, "+
		"use another data directory, or set a redis URL so that several processes can share one Redis",
		filepath.Dir(file.Name()), strings.TrimSpace(string(owner)))
}

func writeOwner(file *os.File) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// poll asks at once and then every 10 ms until the answer is yes.
func poll(ctx context.Context, done func() bool) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// server is a private redis-server and the goroutine that keeps it alive.
type server struct {
	binary, dir  string
	socket, temp string
	lock         *os.File
	log          zerolog.Logger
	exits        chan error
	quit, force  chan struct{}
	done         chan struct{}
}

func startServer(ctx context.Context, s *server) (*Redis, error) {
	if err := s.placeSocket(); err != nil {
		return nil, errors.Join(err, s.lock.Close())
	}
	s.exits = make(chan error, 1)
	s.quit, s.force, s.done = make(chan struct{}), make(chan struct{}), make(chan struct{})
	go s.supervise()
	a := address{mode: ModeEmbeddedServer, text: "embedded redis-server in " + s.dir,
		options: redis.UniversalOptions{Addrs: []string{s.socket}}}
	r := a.connect(s.stop)
	if err := s.waitReady(ctx, r.front); err != nil {
		return nil, errors.Join(err, r.Close(context.WithoutCancel(ctx)))
	}
	return r, nil
}

// placeSocket prefers the data directory; where its path is too long for a
// socket, a private temporary folder takes it.
func (s *server) placeSocket() error {
	s.socket = filepath.Join(s.dir, "redis.sock")
	if len(s.socket) <= socketLimit {
		return nil
	}
	temp, err := os.MkdirTemp("", "beian-redis-")
	if err != nil {
		return fmt.Errorf("make a folder for the socket of the embedded queue: %w", err)
	}
	s.temp, s.socket = temp, filepath.Join(temp, "redis.sock")
	return nil
}

func (s *server) waitReady(ctx context.Context, client redis.UniversalClient) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	var exit, answer error
	err := poll(ctx, func() bool {
		select {
		case exit = <-s.exits:
			return true
		default:
		}
		if _, answer = os.Stat(s.socket); answer == nil {
			answer = client.Ping(ctx).Err()
		}
		return answer == nil
	})
	if exit != nil {
		return fmt.Errorf("start the embedded queue: %w (see %s; jobs live in SQL, so with this folder moved away the queue is rebuilt)",
			exit, s.logPath())
	}
	if err != nil {
		return fmt.Errorf("start the embedded queue: no answer from redis-server: %w", errors.Join(err, answer))
	}
	return nil
}

// supervise owns its thread for as long as a child lives, because on Linux the
// child dies with the thread that started it.
func (s *server) supervise() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(s.done)
	pause := firstPause
	for {
		began := time.Now()
		err := s.run()
		if err == nil {
			return
		}
		if time.Since(began) > startLimit {
			pause = firstPause
		}
		s.log.Error().Err(err).Dur("pause", pause).Str("file", s.logPath()).Msg("embedded redis-server is down, starting it again")
		if !s.rest(pause) {
			return
		}
		pause = min(2*pause, longestPause)
	}
}

func (s *server) rest(pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-s.quit:
		return false
	case <-timer.C:
		return true
	}
}

// run keeps one child until it ends by itself, which is an error, or is told to.
func (s *server) run() error {
	cmd, err := s.launch()
	if err != nil {
		return s.exited(err)
	}
	s.log.Info().Int("pid", cmd.Process.Pid).Str("socket", s.socket).Msg("embedded redis-server started")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // its exit code is read from ProcessState
	}()
	select {
	case <-ended:
		return s.exited(fmt.Errorf("redis-server ended: %s", cmd.ProcessState))
	case <-s.quit:
		s.terminate(cmd, ended)
		return nil
	}
}

func (s *server) exited(err error) error {
	select {
	case s.exits <- err:
	default:
	}
	return err
}

func (s *server) launch() (*exec.Cmd, error) {
	if err := os.Remove(s.socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("remove the old socket of redis-server: %w", err)
	}
	out, err := s.openLog()
	if err != nil {
		return nil, fmt.Errorf("open the log of redis-server: %w", err)
	}
	//nolint:gosec,noctx // the operator chose the binary; Close ends it, not a context
	cmd := exec.Command(s.binary, "--port", "0", "--unixsocket", s.socket, "--unixsocketperm", "700",
		"--dir", s.dir, "--daemonize", "no", "--logfile", "", "--databases", "1",
		"--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction")
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = []string{"LC_ALL=C"} // our own holds secrets
	// The child shares the lock, so it stays taken while anyone can write the file.
	cmd.ExtraFiles = []*os.File{s.lock}
	cmd.SysProcAttr = childAttributes()
	err = cmd.Start()
	_ = out.Close() // the child has its own copy
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", s.binary, err)
	}
	return cmd, nil
}

func (s *server) logPath() string { return filepath.Join(s.dir, "redis.log") }

func (s *server) openLog() (*os.File, error) {
	if info, err := os.Stat(s.logPath()); err == nil && info.Size() > logLimit {
		if err := os.Rename(s.logPath(), s.logPath()+".1"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(s.logPath(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600) //nolint:gosec // the operator chose the folder
}

// terminate asks the child to write its file and leave, then kills it with what
// it started.
func (s *server) terminate(cmd *exec.Cmd, ended <-chan struct{}) {
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		s.log.Warn().Err(err).Msg("embedded redis-server could not be asked to stop")
	}
	timer := time.NewTimer(stopLimit)
	defer timer.Stop()
	select {
	case <-ended:
		return
	case <-timer.C:
	case <-s.force:
	}
	s.log.Warn().Msg("embedded redis-server did not stop in time and was killed")
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		s.log.Error().Err(err).Msg("embedded redis-server could not be killed")
	}
	<-ended
}

func (s *server) stop(ctx context.Context) error {
	close(s.quit)
	select {
	case <-s.done:
	case <-ctx.Done():
		close(s.force)
		<-s.done
	}
	var err error
	if s.temp != "" {
		err = os.RemoveAll(s.temp)
	}
	return errors.Join(err, s.lock.Close())
}

// memory is a Redis inside this process, reached without any port.
type memory struct {
	mini       *miniredis.Miniredis
	lock       *os.File
	guard      sync.RWMutex
	closed     bool
	quit, done chan struct{}
}

func startMemory(log zerolog.Logger, lock *os.File) *Redis {
	m := &memory{mini: miniredis.NewMiniRedis(), lock: lock, quit: make(chan struct{}), done: make(chan struct{})}
	go m.age()
	log.Warn().Msg("queue in memory: rebuilt from SQL at start, lost at exit, slow with a long backlog, and out of reach " +
		"for other processes; install redis-server or set a redis URL for real work")
	a := address{mode: ModeEmbeddedMemory, text: "embedded queue in memory",
		options: redis.UniversalOptions{Addrs: []string{"memory"}, Dialer: m.dial}}
	return a.connect(m.stop)
}

// dial refuses after the end, since miniredis would start anew.
func (m *memory) dial(context.Context, string, string) (net.Conn, error) {
	m.guard.RLock()
	defer m.guard.RUnlock()
	if m.closed {
		return nil, net.ErrClosed
	}
	return m.mini.Dial()
}

// age lets expiry times pass, which they do not by themselves. One walk a second
// is cheap; ClockTTL walks over all keys at every command.
func (m *memory) age() {
	defer close(m.done)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-m.quit:
			return
		case <-tick.C:
			now := time.Now()
			m.mini.FastForward(now.Sub(last))
			last = now
		}
	}
}

func (m *memory) stop(context.Context) error {
	close(m.quit)
	<-m.done
	m.guard.Lock()
	m.closed = true
	m.guard.Unlock()
	m.mini.Close()
	return m.lock.Close()
}
