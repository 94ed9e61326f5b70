package wire

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// connected returns both ends of a connection of a Listener.
func connected(t *testing.T) (server *conn, client net.Conn) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := Listener{inner}
	t.Cleanup(func() { l.Close() })
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.(*conn), client
}

func TestConnHoldsBack(t *testing.T) {
	server, client := connected(t)
	write := func(s string) {
		if n, err := server.Write([]byte(s)); n != len(s) || err != nil {
			t.Fatalf("write %s: %d, %v", s, n, err)
		}
	}
	var first Buffer
	hold := func() { server.first, first.B = &first, first.B[:0] }

	write("at once ")
	hold()
	write("held ")
	if string(first.B) != "held " {
		t.Errorf("%q is held back", first.B)
	}
	write("and more ")
	write("and more ")
	server.release()
	hold()
	write("released ")
	server.release()
	hold()
	server.release()
	server.Close()
	got, err := io.ReadAll(client)
	if want := "at once held and more and more released "; string(got) != want || err != nil {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	hold()
	write("held ")
	if n, err := server.Write([]byte("lost")); n != 0 || err == nil {
		t.Errorf("a write to a connection that is closed: %d, %v", n, err)
	}
}

// A connection that did not take what was held back is not used for a next answer.
func TestConnEndsWithAnAnswerCutShort(t *testing.T) {
	server, _ := connected(t)
	server.first = &Buffer{}
	if n, err := server.Write([]byte("held")); n != 4 || err != nil {
		t.Fatalf("write: %d, %v", n, err)
	}
	if err := server.SetWriteDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	server.release()
	if err := server.SetWriteDeadline(time.Time{}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the connection goes on: %v", err)
	}
}
