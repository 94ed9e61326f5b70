package receivertest

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"

	"auditlog/sink"
	"auditlog/sink/kinds"
	"auditlog/sink/sinktest"
)

// examined is how many entries are delivered.
const examined = 3000

// victoriaLogs is a VictoriaLogs of its own process.
type victoriaLogs struct {
	t            *testing.T
	program      string
	dir          string
	http, syslog string // where it listens
	recorded     bool   // entries are at the times when they were recorded
	cmd          *exec.Cmd
	said         bytes.Buffer
}

// buildVictoriaLogs returns the path of its program, whose version is in go.mod.
func buildVictoriaLogs(t *testing.T) string {
	program := filepath.Join(t.TempDir(), "victoria-logs")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs").CombinedOutput()
	if err != nil {
		t.Fatalf("build VictoriaLogs: %v\n%s", err, out)
	}
	return program
}

func startVictoriaLogs(t *testing.T, program string) *victoriaLogs {
	v := &victoriaLogs{t: t, program: program, dir: t.TempDir(), http: freeAddress(t), syslog: freeAddress(t)}
	v.start()
	t.Cleanup(v.stop)
	return v
}

func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// start starts it, and waits until it answers.
func (v *victoriaLogs) start() {
	v.cmd = exec.Command(v.program, "-storageDataPath="+v.dir, "-httpListenAddr="+v.http, "-syslog.listenAddr.tcp="+v.syslog,
		"-retentionPeriod=100y", "-futureRetention=100y")
	v.said.Reset()
	v.cmd.Stdout, v.cmd.Stderr = &v.said, &v.said
	if err := v.cmd.Start(); err != nil {
		v.t.Fatal(err)
	}
	for range 1000 {
		if answer, err := http.Get("http://" + v.http + "/health"); err == nil {
			answer.Body.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	v.stop()
	v.t.Fatalf("VictoriaLogs does not answer: %s", v.said.String())
}

func (v *victoriaLogs) stop() {
	_ = v.cmd.Process.Signal(syscall.SIGTERM)
	_ = v.cmd.Wait()
}

// Hurt implements Receiver: what it can have is that it ends, and comes back.
func (v *victoriaLogs) Hurt(sinktest.Fault) {
	v.stop()
	v.start()
}

// Refuse implements Receiver.
func (v *victoriaLogs) Refuse(...int64) {}

// Taken implements Receiver: it asks for all that can be found.
func (v *victoriaLogs) Taken() []int64 {
	var ids []int64
	entries := sinktest.Entries(examined)
	late := time.Duration(0)
	if v.recorded {
		late = entries[0].RecordedAt.Sub(entries[0].CreatedAt)
	}
	for _, row := range v.rows() {
		text := cmp.Or(row["id"], row["auditlog.id"], row["auditlog@32473.id"])
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil || sinktest.Lineage().Key(id) != cmp.Or(row["auditlog@32473.key"], row["log.record.uid"], row["event.id"], sinktest.Lineage().Key(id)) {
			v.t.Errorf("a row without an entry's ids: %v", row)
		}
		if at, err := time.Parse(time.RFC3339Nano, row["_time"]); err != nil || !at.Equal(entries[id-1].CreatedAt.Add(late)) {
			v.t.Errorf("entry %d is at %s, not at %s", id, row["_time"], entries[id-1].CreatedAt)
		}
		ids = append(ids, id)
	}
	return ids
}

// rows returns what it finds of all that it has taken.
func (v *victoriaLogs) rows() []map[string]string {
	if _, err := v.get("/internal/force_flush"); err != nil {
		v.t.Fatal(err)
	}
	data, err := v.get("/select/logsql/query?query=" + url.QueryEscape("*"))
	if err != nil {
		v.t.Fatal(err)
	}
	var rows []map[string]string
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var row map[string]string
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			v.t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

func (v *victoriaLogs) get(path string) ([]byte, error) {
	answer, err := http.Get("http://" + v.http + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: answered %d: %s: %w", path, answer.StatusCode, data, err)
	}
	return data, nil
}

// addressOf returns the address in docs/siem.md that has a path, but for where it listens.
func addressOf(t *testing.T, path string) string {
	t.Helper()
	doc, err := os.ReadFile("../docs/siem.md")
	if err != nil {
		t.Fatal(err)
	}
	for text := range strings.FieldsFuncSeq(string(doc), func(r rune) bool { return r == '`' || unicode.IsSpace(r) }) {
		if u, err := url.Parse(strings.Trim(text, "'")); err == nil && u.Host == "victorialogs.example.com" && u.Path == path {
			u.Host, u.Scheme = "HTTP", strings.Replace(u.Scheme, "https", "http", 1)
			return u.String()
		}
	}
	t.Fatalf("docs/siem.md has no address with %s", path)
	return ""
}

// Every way in that VictoriaLogs has finds all entries, at their times.
func TestVictoriaLogs(t *testing.T) {
	if testing.Short() {
		t.Skip("builds VictoriaLogs")
	}
	program := buildVictoriaLogs(t)
	for _, way := range []struct {
		name, to string
		settings map[string]string
	}{
		{"jsonline", addressOf(t, "/insert/jsonline"), map[string]string{"body": "lines"}},
		{"elastic", "elastic+http://HTTP/insert/elasticsearch/auditlog?_time_field=@timestamp", nil},
		{"loki", "loki+http://HTTP/insert", nil},
		{"otlp", addressOf(t, "/insert/opentelemetry"), nil},
		{"syslog", "syslog+tcp://SYSLOG", nil},
	} {
		t.Run(way.name, func(t *testing.T) {
			v := startVictoriaLogs(t, program)
			v.recorded = way.name == "loki" // whose streams go by time
			faults := []sinktest.Fault{sinktest.Restarts, sinktest.Restarts}
			if way.name == "syslog" {
				faults = nil // it loses lines that it has read when it ends, of which syslog does not tell
			}
			to := strings.NewReplacer("HTTP", v.http, "SYSLOG", v.syslog).Replace(way.to)
			sinktest.Run(t, sinktest.Exam{
				Open: func(t *testing.T) sink.Destination {
					d, err := kinds.Open(sink.Config{To: to, Settings: way.settings}, sinktest.Environment())
					if err != nil {
						t.Fatal(err)
					}
					return d
				},
				Receiver: v, Faults: faults, Entries: examined, Unordered: true,
			})
		})
	}
}
