//go:build linux

package pgtest

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"time"
)

// Proxy stands between clients and a server, and gives each message on or does not. Its
// methods may be called by several goroutines at once.
type Proxy struct {
	target, address string
	serving         sync.WaitGroup

	mu       sync.Mutex
	listener net.Listener // nil while connections are refused
	open     map[net.Conn]bool
	still    chan struct{} // closed once messages flow again; nil while they do
	delay    time.Duration
	closeAt  func(Message) bool
	refusing int // how many connections are closed as soon as they come
}

// Message is one of PostgreSQL's protocol, behind the start of a connection.
type Message struct {
	ToServer bool
	Type     byte // 0: of a connection that is encrypted, of which messages cannot be told apart
	Body     []byte
}

// NewProxy returns a proxy that leads to target, a host and port.
func NewProxy(target string) (*Proxy, error) {
	p := &Proxy{target: target, open: make(map[net.Conn]bool)}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p.address = l.Addr().String()
	p.listen(l)
	return p, nil
}

// Address returns the host and port that the proxy listens at.
func (p *Proxy) Address() string { return p.address }

// Refuse closes all connections and refuses others, until Heal.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		p.listener.Close()
		p.listener = nil
	}
	p.closeAll()
}

// RefuseNext closes all connections, and the next n as soon as they come.
func (p *Proxy) RefuseNext(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refusing = n
	p.closeAll()
}

// Refusing returns how many connections are still to be refused.
func (p *Proxy) Refusing() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refusing
}

// refuses reports whether a connection is one of those.
func (p *Proxy) refuses() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refusing == 0 {
		return false
	}
	p.refusing--
	return true
}

// Cut closes all connections that there are.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closeAll()
}

func (p *Proxy) closeAll() {
	for c := range p.open {
		c.Close()
	}
}

// Stall holds back all messages, on connections that are there and on others, until Heal.
func (p *Proxy) Stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.still == nil {
		p.still = make(chan struct{})
	}
}

// Delay has each message arrive d later than it would.
func (p *Proxy) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// CloseAt has fn decide of each message whether its connection is closed in its stead. It is
// called by one goroutine at a time.
func (p *Proxy) CloseAt(fn func(Message) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closeAt = fn
}

// Heal lets everything through again.
func (p *Proxy) Heal() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay, p.closeAt, p.refusing = 0, nil, 0
	if p.still != nil {
		close(p.still)
		p.still = nil
	}
	if p.listener != nil {
		return nil
	}
	l, err := net.Listen("tcp", p.address)
	if err == nil {
		p.listen(l)
	}
	return err
}

// Close ends the proxy and its connections.
func (p *Proxy) Close() {
	_ = p.Heal() // what it holds back waits for it
	p.Refuse()
	p.serving.Wait()
}

// listen takes connections from l until it is closed.
func (p *Proxy) listen(l net.Listener) {
	p.listener = l
	p.serving.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			p.serving.Go(func() { p.serve(client, l) })
		}
	})
}

// serve carries one connection, which l has accepted.
func (p *Proxy) serve(client net.Conn, l net.Listener) {
	defer client.Close()
	if p.refuses() {
		return
	}
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer server.Close()
	if !p.enter(client, server, l) {
		return
	}
	defer p.leave(client, server)
	fromClient, fromServer := bufio.NewReader(client), bufio.NewReader(server)
	encrypted, err := p.greet(fromClient, server, fromServer, client)
	if err != nil {
		return
	}
	read := readMessage
	if encrypted {
		read = readSome
	}
	var pumps sync.WaitGroup
	pumps.Go(func() { p.pump(fromClient, server, read, true); client.Close(); server.Close() })
	pumps.Go(func() { p.pump(fromServer, client, read, false); client.Close(); server.Close() })
	pumps.Wait()
}

// enter takes a connection into account, unless it was accepted before others are refused.
func (p *Proxy) enter(client, server net.Conn, l net.Listener) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[client], p.open[server] = true, true
	return p.listener == l
}

func (p *Proxy) leave(client, server net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, client)
	delete(p.open, server)
}

// What the first message of a connection may ask for instead of a session.
const (
	askTLS = 80877103
	askGSS = 80877104
)

// greet carries the start of a connection, whose messages have no type, and reports whether it
// is encrypted from here on.
func (p *Proxy) greet(fromClient *bufio.Reader, server net.Conn, fromServer *bufio.Reader, client net.Conn) (bool, error) {
	for {
		first, err := readSized(fromClient, nil)
		if err != nil {
			return false, err
		}
		p.flow()
		if _, err := server.Write(first); err != nil {
			return false, err
		}
		if code := binary.BigEndian.Uint32(first[4:]); code != askTLS && code != askGSS {
			return false, nil
		}
		answer, err := fromServer.ReadByte()
		if err != nil {
			return false, err
		}
		p.flow()
		if _, err := client.Write([]byte{answer}); err != nil {
			return false, err
		}
		if answer != 'N' {
			return true, nil
		}
	}
}

// flow waits while messages are held back, and returns by how much each is delayed.
func (p *Proxy) flow() time.Duration {
	for {
		p.mu.Lock()
		still, delay := p.still, p.delay
		p.mu.Unlock()
		if still == nil {
			return delay
		}
		<-still
	}
}

// due is a message that is on its way.
type due struct {
	at    time.Time
	bytes []byte
}

// pump gives messages on until one of the sides is closed.
func (p *Proxy) pump(from *bufio.Reader, to net.Conn, read func(*bufio.Reader) ([]byte, error), toServer bool) {
	onTheWay := make(chan due, 1024)
	var writing sync.WaitGroup
	writing.Go(func() {
		for d := range onTheWay {
			time.Sleep(time.Until(d.at))
			p.flow()
			to.Write(d.bytes) // where it is closed, what is read from ends too
		}
	})
	defer writing.Wait()
	defer close(onTheWay)
	for {
		b, err := read(from)
		if err != nil {
			return
		}
		delay := p.flow()
		if p.closes(b, toServer) {
			return
		}
		onTheWay <- due{time.Now().Add(delay), b}
	}
}

// closes asks whether a message closes its connection.
func (p *Proxy) closes(b []byte, toServer bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closeAt == nil {
		return false
	}
	return p.closeAt(Message{toServer, b[0], b[min(len(b), 5):]})
}

// readMessage reads a message that has a type.
func readMessage(r *bufio.Reader) ([]byte, error) {
	kind, err := r.ReadByte()
	if err != nil {
		return nil, err
	}
	return readSized(r, []byte{kind})
}

// readSized reads a length, which counts itself, and what it counts, and appends both to b.
func readSized(r *bufio.Reader, b []byte) ([]byte, error) {
	length, err := r.Peek(4)
	if err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(length)
	if n < 4 || n > 1<<30 {
		return nil, io.ErrUnexpectedEOF
	}
	before := len(b)
	b = append(b, make([]byte, n)...)
	_, err = io.ReadFull(r, b[before:])
	return b, err
}

// readSome reads what there is, of which messages cannot be told apart.
func readSome(r *bufio.Reader) ([]byte, error) {
	if _, err := r.Peek(1); err != nil {
		return nil, err
	}
	b := make([]byte, r.Buffered())
	_, err := io.ReadFull(r, b)
	return b, err
}
