package server

import (
	"fmt"
	"path/filepath"
	"strings"

	"auditlog/cli/secret"
	"auditlog/cli/terminal"
)

// adminTokenFileEnv names a file that holds what AUDITLOG_ADMIN_TOKEN would: other users
// of the machine and every child process see the environment more easily than a file.
const adminTokenFileEnv = adminTokenEnv + "_FILE"

// credentialName is the credential of systemd that is an admin's token.
const credentialName = "auditlog-admin-token"

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
		token, err := secret.Read(path)
		if err != nil {
			return "", fmt.Errorf("%s: %w", adminTokenFileEnv, err)
		}
		return token, nil
	}
	path = secret.Credential(credentialName, lookup)
	if path == "" {
		return "", nil
	}
	return secret.Read(path)
}

// firstTokenFile is where the first admin's token is, within the data folder, when nobody
// watches the start: standard output is the journal then, or a collector of logs, which
// many read for long.
const firstTokenFile = "first-admin-token"

// showFirstToken hands the first admin token to whoever starts the server.
func (s *server) showFirstToken(token string) error {
	if _, isTerminal := terminal.Width(terminal.Unguarded(s.stdout)); isTerminal {
		_, err := fmt.Fprintf(s.stdout, `auditlog: the first admin token, which is shown this once:

  export AUDITLOG_TOKEN=%s

`, token)
		return err
	}
	path, err := filepath.Abs(filepath.Join(s.cfg.Data, firstTokenFile)) // for a shell that is elsewhere
	if err != nil {
		return err
	}
	if err := secret.Write(path, token); err != nil {
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
