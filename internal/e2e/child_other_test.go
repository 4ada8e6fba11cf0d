//go:build !linux

package e2e

import "syscall"

// bound does nothing here; TestMain ends the program.
func bound() *syscall.SysProcAttr { return nil }
