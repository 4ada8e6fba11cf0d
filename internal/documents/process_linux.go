package documents

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	ownExecutable = "/proc/self/exe" // also after the file was replaced by a newer release
	openFiles     = 16
)

// enforce limits this process for good: the hard limits fall with the soft ones.
func (l limits) enforce() error {
	if underRace {
		l.CPU, l.Data, l.Address = 20*l.CPU, unix.RLIM_INFINITY, unix.RLIM_INFINITY
	}
	for _, limit := range []struct {
		what int
		soft uint64
		hard uint64
	}{
		{unix.RLIMIT_CPU, l.CPU, l.CPU + 1}, {unix.RLIMIT_DATA, l.Data, l.Data}, {unix.RLIMIT_AS, l.Address, l.Address},
		{unix.RLIMIT_FSIZE, l.Write, l.Write}, {unix.RLIMIT_NOFILE, openFiles, openFiles}, {unix.RLIMIT_CORE, 0, 0},
	} {
		if err := unix.Setrlimit(limit.what, &unix.Rlimit{Cur: limit.soft, Max: limit.hard}); err != nil {
			return err
		}
	}
	return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
}

// confine makes the child die with its parent and, where the system allows user
// namespaces, gives it neither network nor rights.
func confine(cmd *exec.Cmd, isolated bool) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if isolated {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC
	}
}
