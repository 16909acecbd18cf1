package embedded

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const lockName = "ptpu.lock"

// ErrInUse: another process serves from this folder.
var ErrInUse = errors.New("data folder in use")

// lockFolder claims the folder until unlockFolder or the end of the process.
// The kernel holds the lock, so a killed process leaves none behind; the pid in
// the file is for people.
func lockFolder(dir string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, explain(err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer unlockFolder(file)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: process %s serves from it", ErrInUse, holder(file))
		}
		return nil, fmt.Errorf("locking %s: %w", file.Name(), err)
	}
	if err := sign(file); err != nil {
		unlockFolder(file)
		return nil, explain(err)
	}
	return file, nil
}

// sign leaves our pid in the lock file.
func sign(file *os.File) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// holder reads the pid of whoever holds the lock. It has a moment between lock
// and signature in which there is none.
func holder(file *os.File) string {
	content, err := io.ReadAll(io.LimitReader(file, 32))
	pid := strings.TrimSpace(string(content))
	if err != nil || pid == "" {
		return "unknown"
	}
	return pid
}

// unlockFolder gives the folder back. The lock file stays: to remove it would
// let two processes lock two files of one name.
func unlockFolder(file *os.File) {
	if file != nil {
		_ = file.Close()
	}
}
