package queue

import "syscall"

// childAttributes let the child die with the thread that starts it, and keep a
// Ctrl-C in the terminal from reaching it before its parent has finished.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
