package connection

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"auditlog/cli/exit"
	"auditlog/cli/secret"
)

// credentials are what "auditlog login" got, in a file for this user alone. A token is
// sent to the server that gave it and to no other.
type credentials struct {
	path string
	// loose is set when others can read the file.
	loose bool
	// Servers holds what each server gave, by its address; see addressKey.
	Servers map[string]credential `json:"servers"`
}

// credential is a session at one server.
type credential struct {
	Token     string    `json:"token"`
	Owner     string    `json:"owner"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// openCredentials reads the file of this user. There may be none.
func openCredentials() (*credentials, error) {
	folder, err := os.UserConfigDir()
	if err != nil {
		return nil, fmt.Errorf("find the folder of your settings: %w", err)
	}
	c := &credentials{path: filepath.Join(folder, "auditlog", "sessions.json"), Servers: make(map[string]credential)}
	info, err := os.Stat(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read sessions: %w", err)
	}
	c.loose = secret.Loose(info)
	text, err := os.ReadFile(c.path)
	if err != nil {
		return nil, fmt.Errorf("read sessions: %w", err)
	}
	if err := json.Unmarshal(text, c); err != nil {
		return nil, exit.Hinted(fmt.Errorf("read sessions in %s: %w", c.path, err), "delete it and log in again")
	}
	return c, nil
}

// write replaces the file, so that it is whole whatever happens meanwhile.
func (c *credentials) write() error {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	if err := secret.Replace(c.path, string(text)+"\n"); err != nil {
		return fmt.Errorf("keep the session: %w", err)
	}
	return nil
}

// addressKey names a server by its checked address: scheme, host and path, written in
// one way.
func addressKey(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port + strings.TrimRight(u.Path, "/")
}
