package testenv

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// attributes makes a child end with the test process, even one that is killed, and run as another user when asked.
func attributes(onDeath syscall.Signal, user *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: onDeath, Credential: user}
}

// hasEnded looks without reaping, so that Wait still finds the process.
func hasEnded(pid int) bool {
	var info unix.Siginfo
	err := unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	return err == nil && info.Signo != 0
}
