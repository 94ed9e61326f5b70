package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"auditlog/cli/output"
	"auditlog/cli/terminal"
)

// adminTokenFileEnv names a file that holds what AUDITLOG_ADMIN_TOKEN would: other users
// of the machine and every child process see the environment more easily than a file.
const adminTokenFileEnv = adminTokenEnv + "_FILE"

// credentialsEnv is the folder in which systemd puts the credentials of a service, and
// credentialName the one that is an admin's token.
const (
	credentialsEnv = "CREDENTIALS_DIRECTORY"
	credentialName = "auditlog-admin-token"
)

// adminToken returns the admin's token that is set from outside, or "": the one of the
// environment, of the file that it names, or of the service's credentials.
func adminToken(lookup func(string) (string, bool)) (string, error) {
	token, _ := lookup(adminTokenEnv)
	token = strings.TrimSpace(token) // a secret from a file often ends a line
	path, _ := lookup(adminTokenFileEnv)
	if token != "" && path != "" {
		return "", fmt.Errorf("%s: cannot be set beside %s", adminTokenFileEnv, adminTokenEnv)
	}
	if token != "" {
		return token, nil
	}
	if path != "" {
		token, err := readSecret(path)
		if err != nil {
			return "", fmt.Errorf("%s: %w", adminTokenFileEnv, err)
		}
		return token, nil
	}
	folder, _ := lookup(credentialsEnv)
	if folder == "" {
		return "", nil
	}
	token, err := readSecret(filepath.Join(folder, credentialName))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return token, err
}

// readSecret reads a file that holds a secret and nothing else.
func readSecret(path string) (string, error) {
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

// firstTokenFile is where the first admin's token is, within the data folder, when nobody
// watches the start: standard output is the journal then, or a collector of logs, which
// many read for long.
const firstTokenFile = "first-admin-token"

// showFirstToken hands the first admin token to whoever starts the server.
func (s *server) showFirstToken(secret string) error {
	if _, isTerminal := terminal.Width(terminal.Unguarded(s.stdout)); isTerminal {
		_, err := fmt.Fprintf(s.stdout, `auditlog: the first admin token, which is shown this once:

  export AUDITLOG_TOKEN=%s

`, secret)
		return err
	}
	path, err := filepath.Abs(filepath.Join(s.cfg.Data, firstTokenFile)) // for a shell that is elsewhere
	if err != nil {
		return err
	}
	if err := writeSecret(path, secret); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.stdout, `auditlog: the first admin token is in a file; keep it elsewhere, and delete the file:

  export AUDITLOG_TOKEN=$(cat %s)

`, shellWord(path))
	return err
}

// shellWord writes a path so that a shell takes it for one word.
func shellWord(path string) string {
	plain := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("/._-+,:@", r)
	}
	if path != "" && strings.IndexFunc(path, func(r rune) bool { return !plain(r) }) < 0 {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

// writeSecret makes a file with a secret that its owner alone can read, in place of one
// that a start which went no further has left. It is durable before the token counts.
func writeSecret(path, secret string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(secret + "\n")
	return errors.Join(err, f.Sync(), f.Close(), output.SyncFolder(filepath.Dir(path)))
}
