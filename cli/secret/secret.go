// Package secret reads and writes files that hold a secret and nothing else. It never shows one.
// The server, the commands on a data folder and those that keep how a user logs in use it.
package secret

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"auditlog/durable"
)

// credentialsEnv is the folder in which systemd puts the credentials of a service.
const credentialsEnv = "CREDENTIALS_DIRECTORY"

// Credential returns the path of a credential of the service, or "" where it has none of the
// name.
func Credential(name string, lookup func(string) (string, bool)) string {
	folder, _ := lookup(credentialsEnv)
	if folder == "" {
		return ""
	}
	path := filepath.Join(folder, name)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return path
}

// Read reads a file that holds a secret and nothing else.
func Read(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" {
		return "", fmt.Errorf("%s is empty", path)
	}
	return secret, nil
}

// Write makes a file with a secret that its owner alone can read, in place of one that a start
// which went no further has left. It is durable before the secret counts.
func Write(path, secret string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(secret + "\n")
	return errors.Join(err, f.Sync(), f.Close(), durable.SyncNamedDir(filepath.Dir(path)))
}

// Replace writes a file in a folder of the user's own, for this user alone, so that it is whole
// whatever happens meanwhile. The folder is made if need be.
func Replace(path, text string) error {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	return durable.Replace(path, []byte(text))
}
