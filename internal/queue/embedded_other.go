//go:build unix && !linux

package queue

import "syscall"

// childAttributes keep a Ctrl-C in the terminal from reaching the child before
// its parent has finished. A child that outlives a killed parent keeps the lock,
// so that no second server can open its file.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
