package contexts

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"auditlog/cli/exit"
	"auditlog/cli/secret"
)

// Context is how a log is reached. Of the three that say its token, one is set at most.
type Context struct {
	URL     string `json:"url"`
	Project string `json:"project,omitempty"`
	// CACert is a file of certificates that the server's is to be signed by.
	CACert string `json:"caCert,omitempty"`
	// Token is the token itself, TokenFile a file that holds it, TokenCommand a command of a shell
	// that writes it.
	Token        string `json:"token,omitempty"`
	TokenFile    string `json:"tokenFile,omitempty"`
	TokenCommand string `json:"tokenCommand,omitempty"`
}

// commandTime bounds how long a command may take to write a token: it may ask for a password.
const commandTime = time.Minute

// Secret returns the context's token, or "" for one without.
func (c *Context) Secret(ctx context.Context) (string, error) {
	switch {
	case c.Token != "":
		return c.Token, nil
	case c.TokenFile != "":
		text, err := secret.Read(c.TokenFile)
		if err != nil {
			return "", fmt.Errorf("read token: %w", err)
		}
		return text, nil
	case c.TokenCommand != "":
		return run(ctx, c.TokenCommand)
	}
	return "", nil
}

// run returns what a command writes. It shares the terminal, where it may ask for a password. Another
// standard input is the caller's, as of "auditlog record -".
func run(ctx context.Context, command string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	shell := []string{"/bin/sh", "-c", command}
	if runtime.GOOS == "windows" {
		shell = []string{"cmd", "/C", command}
	}
	cmd := exec.CommandContext(ctx, shell[0], shell[1:]...)
	cmd.Stderr = os.Stderr
	if info, err := os.Stdin.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		cmd.Stdin = os.Stdin
	}
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return "", exit.Hinted(fmt.Errorf("the command for the token failed: %w", err), "it is: %s", command)
	}
	token := string(bytes.TrimSpace(out))
	if token == "" {
		return "", exit.Hinted(errors.New("the command for the token writes none"), "it is: %s", command)
	}
	return token, nil
}

// How says where the token comes from, without telling it.
func (c *Context) How() string {
	switch {
	case c.Token != "":
		return "kept here"
	case c.TokenFile != "":
		return "file " + c.TokenFile
	case c.TokenCommand != "":
		return "command " + c.TokenCommand
	}
	return "from auditlog login"
}

// Check returns what is wrong with a context.
func (c *Context) Check() error {
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("the address %q must be like https://audit.example.com", c.URL)
	}
	if u.User != nil {
		return errors.New("the address holds a name or a password: say the token by itself")
	}
	given := 0
	for _, s := range []string{c.Token, c.TokenFile, c.TokenCommand} {
		if s != "" {
			given++
		}
	}
	if given > 1 {
		return errors.New("the token is said in more than one way")
	}
	return nil
}

// names are what a context may be called: what a shell takes as it is.
var names = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`)

// CheckName returns what is wrong with the name of a context.
func CheckName(name string) error {
	if !names.MatchString(name) {
		return fmt.Errorf("a context's name %q must be up to 64 letters, digits and . _ @ -", name)
	}
	return nil
}

// File is the contexts of a user.
type File struct {
	path string
	// loose is set when others can read the file.
	loose bool
	// Current names the one that is used unless another is named; empty is none.
	Current  string             `json:"current,omitempty"`
	Contexts map[string]Context `json:"contexts"`
}

// Open reads the file of this user. There may be none, and users without a folder of settings, as
// services are, have none.
func Open() (*File, error) {
	f := &File{Contexts: make(map[string]Context)}
	folder, err := os.UserConfigDir()
	if err != nil {
		return f, nil
	}
	f.path = filepath.Join(folder, "auditlog", "contexts.json")
	info, err := os.Stat(f.path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return f, nil // a folder that is not this user's own has nothing for them
	}
	if err != nil {
		return nil, fmt.Errorf("read contexts: %w", err)
	}
	f.loose = secret.Loose(info)
	text, err := os.ReadFile(f.path)
	if err != nil {
		return nil, fmt.Errorf("read contexts: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(f); err != nil {
		return nil, exit.Hinted(fmt.Errorf("read contexts in %s: %w", f.path, err), "mend the file, or delete it and set them again: auditlog context set --help")
	}
	if f.Contexts == nil {
		f.Contexts = make(map[string]Context)
	}
	return f, nil
}

// Write replaces the file.
func (f *File) Write() error {
	if f.path == "" {
		_, err := os.UserConfigDir()
		return fmt.Errorf("keep contexts: %w", err)
	}
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	if err := secret.Replace(f.path, string(text)+"\n"); err != nil {
		return fmt.Errorf("keep contexts: %w", err)
	}
	return nil
}

// Names returns the names of the contexts in their order.
func (f *File) Names() []string { return slices.Sorted(maps.Keys(f.Contexts)) }

// Find returns the context of a name.
func (f *File) Find(name string) (Context, error) {
	c, ok := f.Contexts[name]
	switch {
	case !ok && len(f.Contexts) == 0:
		return c, exit.Hinted(exit.With(exit.NotFound, fmt.Errorf("there is no context %q, and no other", name)), "make one: auditlog context set %s --url https://audit.example.com", name)
	case !ok:
		return c, exit.Hinted(exit.With(exit.NotFound, fmt.Errorf("there is no context %q", name)), "there are %s", strings.Join(f.Names(), ", "))
	case c.Token != "" && f.loose:
		return c, exit.Hinted(fmt.Errorf("others can read your tokens in %s", f.path), "chmod 600 %s, and have the token rotated", f.path)
	}
	if err := c.Check(); err != nil {
		return c, fmt.Errorf("the context %s in %s: %w", name, f.path, err)
	}
	return c, nil
}
