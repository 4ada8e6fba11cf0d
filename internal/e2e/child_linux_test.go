package e2e

import "syscall"

// bound makes the program end with the test process, even one that is killed.
func bound() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} }
