package chaos

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// diskSize holds an office at rest, and not much more.
const diskSize = "size=24m"

func TestR10_TheDiskIsFull(t *testing.T) {
	disk := t.TempDir()
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, diskSize); err != nil {
		t.Skipf("a small disk can't be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(disk, unix.MNT_DETACH) })
	theProgram.build(t)      // elsewhere
	t.Setenv("TMPDIR", disk) // database, documents, keys, uploads on their way, logs
	t.Run("sqlite", func(t *testing.T) { meetsAFullDisk(t, disk) })
}

func meetsAFullDisk(t *testing.T, disk string) {
	t.Helper()
	const clients = 24
	l := newLab(t, "sqlite", clients)
	c := l.crowd()
	for i := range clients / 3 {
		c.all.Go(func() { c.carry(t.Context(), i) })
	}
	c.all.Wait()

	_, err := l.raw.ExecContext(t.Context(), `PRAGMA wal_checkpoint(TRUNCATE)`) // its log has no room of its own then
	l.must(err)
	full := filepath.Join(disk, "full")
	l.must(fill(full))
	taken, turned := 0, map[int]int{}
	for i := clients / 3; i < 2*clients/3; i++ {
		submit := submission(i)
		status, body, err := c.ask(t.Context(), submit, c.addrs[0])
		switch {
		case err != nil:
			t.Errorf("%s got no answer: %v", submit.key, err)
		case status == http.StatusAccepted: // a log that somebody read could not be cut
			taken++
		case status == http.StatusServiceUnavailable || status == http.StatusInsufficientStorage:
			turned[status]++
		default:
			t.Errorf("%s was answered %d: %s", submit.key, status, body)
		}
	}
	if jobs, err := l.number(`SELECT count(*) FROM jobs`); err != nil || jobs != clients/3+taken {
		t.Errorf("%d jobs after %d were accepted, %v", jobs, clients/3+taken, err)
	}
	if len(turned) == 0 {
		t.Error("nothing was turned away: the disk was not full")
	}

	l.must(os.Remove(full))
	for i := clients / 3; i < clients; i++ {
		c.all.Go(func() { c.carry(t.Context(), i) })
	}
	c.all.Wait()
	quiet := l.await("everything is done once there is room", quietLimit, c.isQuiet)
	c.whole()
	var said string
	if err := l.raw.QueryRowContext(t.Context(), `PRAGMA integrity_check`).Scan(&said); err != nil || said != "ok" {
		t.Errorf("the database is %q, %v", said, err)
	}
	t.Logf("R10: on a full disk %d accepted, turned away %v; everything done %s after there was room", taken, turned, quiet)
}

// fill writes until there is no room.
func fill(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	for piece := make([]byte, 64<<10); len(piece) > 0; {
		if _, err = f.Write(piece); errors.Is(err, unix.ENOSPC) {
			piece, err = piece[:len(piece)/2], nil
		}
		if err != nil {
			break
		}
	}
	return errors.Join(err, f.Close())
}
