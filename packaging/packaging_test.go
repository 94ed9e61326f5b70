package main

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

const version = "1.2.3"

// made returns a release of this machine's program, and of Windows' with the same bytes,
// in a new folder.
func made(t *testing.T, p program) *release {
	t.Helper()
	r := &release{source: "..", out: t.TempDir()}
	other := p
	other.target = target{goos: "windows", goarch: "amd64"}
	r.programs = []program{p, other}
	var err error
	if r.extras, err = extras("..", p.date); err != nil {
		t.Fatal(err)
	}
	for _, p := range r.programs {
		if err := r.pack(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.image(filepath.Join(r.out, "image")); err != nil {
		t.Fatal(err)
	}
	if err := r.sum(); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRelease(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("it is made, and tried, on Linux")
	}
	p, err := build(t.Context(), "..", t.TempDir(), target{goos: "linux", goarch: runtime.GOARCH})
	if err != nil {
		t.Fatal(err)
	}
	p.version, p.date = version, time.Date(2026, 5, 4, 8, 15, 30, 0, time.UTC)
	r := made(t, p)
	t.Run("same again", func(t *testing.T) { testSame(t, r, p) })
	t.Run("archives", func(t *testing.T) { testArchives(t, r) })
	t.Run("sbom", func(t *testing.T) { testSBOM(t, r, p) })
	t.Run("image", func(t *testing.T) { testImage(t, r) })
	t.Run("deb", func(t *testing.T) { testDeb(t, r) })
}

// testSame makes everything again and compares each byte, but those of time that passed.
func testSame(t *testing.T, r *release, p program) {
	again := made(t, p)
	err := filepath.WalkDir(r.out, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(r.out, name)
		a, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		b, err := os.ReadFile(filepath.Join(again.out, rel))
		if err != nil {
			return err
		}
		if !bytes.Equal(a, b) {
			t.Errorf("%s differs", rel)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func testArchives(t *testing.T, r *release) {
	wanted := []string{"LICENSE", "README.md", "completions/_auditlog", "completions/auditlog.bash",
		"completions/auditlog.fish", "linux/auditlog.service", "man/auditlog.1", "man/auditlog-serve.1"}
	var list []string
	f, err := os.Open(filepath.Join(r.out, r.programs[0].name()+".tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for tr := tar.NewReader(z); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(h.Name, r.programs[0].name()+"/")
		list = append(list, name)
		if executable := h.Mode&0o111 != 0; executable != (name == "auditlog") {
			t.Errorf("%s has mode %o", name, h.Mode)
		}
	}
	archive, err := zip.OpenReader(filepath.Join(r.out, r.programs[1].name()+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	var zipped []string
	for _, f := range archive.File {
		zipped = append(zipped, strings.TrimPrefix(f.Name, r.programs[1].name()+"/"))
	}
	for _, name := range wanted {
		if !slices.Contains(list, name) || !slices.Contains(zipped, name) {
			t.Errorf("%s is not in both archives", name)
		}
	}
	if !slices.Contains(list, "auditlog") || !slices.Contains(zipped, "auditlog.exe") {
		t.Error("the program is not in both archives")
	}
	sums, err := exec.Command("sh", "-c", "cd '"+r.out+"' && sha256sum --strict -c SHA256SUMS").CombinedOutput()
	if err != nil || bytes.Count(sums, []byte(": OK\n")) != 6 {
		t.Errorf("sha256sum: %v\n%s", err, sums)
	}
}

func testSBOM(t *testing.T, r *release, p program) {
	data, err := os.ReadFile(filepath.Join(r.out, p.name()+".cdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	var bom struct {
		BOMFormat  string
		Components []struct{ Name, Version, PURL string }
	}
	if err := json.Unmarshal(data, &bom); err != nil {
		t.Fatal(err)
	}
	if bom.BOMFormat != "CycloneDX" || len(bom.Components) != len(p.info.Deps)+1 {
		t.Errorf("%s of %d components, want %d", bom.BOMFormat, len(bom.Components), len(p.info.Deps)+1)
	}
	if !strings.Contains(string(data), `"purl": "pkg:golang/go.etcd.io/bbolt@v`) {
		t.Error("bbolt is not in it")
	}
}

func testImage(t *testing.T, r *release) {
	index, err := layout.ImageIndexFromPath(filepath.Join(r.out, "image"))
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index); err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil || len(manifest.Manifests) != 1 {
		t.Fatalf("%+v, %v", manifest, err)
	}
	img, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if c := config.Config; c.User != "65532:65532" || !slices.Equal(c.Healthcheck.Test, []string{"CMD", "/usr/bin/auditlog", "ready"}) {
		t.Errorf("%+v", c)
	}
	t.Run("runs", func(t *testing.T) { testImageRuns(t, img, config) })
}

// testImageRuns unpacks an image and runs its command in there, as the image's user, with nothing
// else on the disk and nothing but /data to write to.
func testImageRuns(t *testing.T, img v1.Image, config *v1.ConfigFile) {
	if os.Getuid() != 0 {
		t.Skip("only root can go into a root folder of its own")
	}
	root := t.TempDir()
	extract := mutate.Extract(img)
	defer extract.Close()
	untar := exec.Command("tar", "-x", "-p", "--numeric-owner", "-C", root)
	untar.Stdin = extract
	if out, err := untar.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	os.Chmod(root, 0o755)
	cmd := exec.CommandContext(t.Context(), config.Config.Entrypoint[0], "serve", "--listen", "127.0.0.1:0")
	cmd.Env = config.Config.Env
	inside(cmd, root, user)
	serve(t, cmd, root, filepath.Join(root, "data"))
}

// testDeb installs the package into an empty root folder, runs the command of its unit there as
// the user of the unit, and removes it again.
func testDeb(t *testing.T, r *release) {
	if os.Getuid() != 0 {
		t.Skip("only root can install a package")
	}
	if _, err := exec.LookPath("dpkg"); err != nil {
		t.Skip("dpkg is not here")
	}
	debs, err := filepath.Glob(filepath.Join(r.out, "*.deb"))
	if err != nil || len(debs) != 1 {
		t.Fatalf("%v, %v", debs, err)
	}
	root := emptyDebian(t)
	dpkg := func(args ...string) string {
		t.Helper()
		args = append([]string{"--root=" + root, "--force-script-chrootless", "--force-not-root"}, args...)
		cmd := exec.Command("dpkg", args...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("dpkg %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	dpkg("-i", debs[0])
	if s := dpkg("-s", "auditlog"); !strings.Contains(s, "Status: install ok installed") || !strings.Contains(s, "Version: "+version) {
		t.Fatalf("dpkg -s says\n%s", s)
	}
	unit, err := os.ReadFile(root + "/usr/lib/systemd/system/auditlog.service")
	if err != nil {
		t.Fatal(err)
	}
	command := strings.Fields(regexp.MustCompile(`(?m)^ExecStart=(.*)$`).FindStringSubmatch(string(unit))[1])
	environment := regexp.MustCompile(`(?m)^Environment=(.*)$`).FindStringSubmatch(string(unit))[1]
	data := root + strings.TrimPrefix(environment, "AUDITLOG_DATA=")
	if err := os.MkdirAll(data, 0o700); err != nil { // as StateDirectory does
		t.Fatal(err)
	}
	id := userOf(t, root)
	if err := os.Chown(data, id, id); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), command[0], append(command[1:], "--listen", "127.0.0.1:0")...)
	cmd.Env = []string{environment}
	inside(cmd, root, uint32(id))
	serve(t, cmd, root, data)

	dpkg("-r", "auditlog")
	if _, err := os.Stat(root + "/usr/bin/auditlog"); err == nil {
		t.Error("the program is there after it was removed")
	}
	if _, err := os.Stat(data + "/auditlog.db"); err != nil {
		t.Errorf("the log did not outlive the program: %v", err)
	}
}

// userOf returns the id of the service's user in a root folder. Where nothing on this machine could
// make one, it is one that no machine has.
func userOf(t *testing.T, root string) int {
	users, err := os.ReadFile(root + "/etc/passwd")
	m := regexp.MustCompile(`(?m)^auditlog:[^:]*:(\d+):`).FindSubmatch(users)
	if m == nil {
		t.Logf("no user was made: %v", err)
		return user
	}
	id, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// emptyDebian returns a root folder in which dpkg knows of no package.
func emptyDebian(t *testing.T) string {
	root := t.TempDir()
	for _, dir := range []string{"var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers", "tmp"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "var/lib/dpkg/status"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	os.Chmod(root, 0o755)
	return root
}

// serve runs a server's command, records an entry and lists it, and ends the server.
func serve(t *testing.T, cmd *exec.Cmd, root, data string) {
	t.Helper()
	for dir := root; len(dir) > 1; dir = filepath.Dir(dir) { // the user gets to its root
		if info, err := os.Stat(dir); err == nil && info.Mode()&0o001 == 0 {
			os.Chmod(dir, info.Mode()|0o011)
		}
	}
	const token = "Vq3r8ZkT1mXw5NcY7bLd2HsJ9fGpQa4E"
	cmd.Env = append(cmd.Env, "AUDITLOG_ADMIN_TOKEN="+token)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server ends with %v\n%s", err, said.String())
		}
	}()
	url := ""
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if m := regexp.MustCompile(`listening on (http://\S+?),`).FindStringSubmatch(lines.Text()); m != nil {
			url = m[1]
			break
		}
	}
	if url == "" {
		t.Fatalf("the server does not listen\n%s", said.String())
	}
	go io.Copy(io.Discard, out)
	call := func(method, body string) string {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/"+method, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		answer, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(answer)
	}
	call("auditLog.record", `{"project":"acme","actor":{"email":"ada@example.com"},"action":"role.grant","resource":{"type":"Role"},"outcome":"success"}`)
	if got := call("auditLog.list", `{"project":"acme"}`); !strings.Contains(got, `"action":"role.grant"`) {
		t.Errorf("list says %s", got)
	}
	if _, err := os.Stat(filepath.Join(data, "auditlog.db")); err != nil {
		t.Error(err)
	}
}
