package main

import (
	"os/exec"
	"syscall"
)

// inside has a command run with another root folder, as another user.
func inside(cmd *exec.Cmd, root string, user uint32) {
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: user, Gid: user}}
}
