package pgkv

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// conn is a connection to the server that takes writes. One goroutine uses it at a time.
//
// pgconn makes it, and then lets go of it: what pgconn does with a connection that fails, or
// whose context ends, is to send a cancel request, and one that arrives while a commit waits for
// the standby has the commit answered with success. This one is closed, and nothing else.
type conn struct {
	net      net.Conn
	wire     *pgproto3.Frontend
	known    map[string]knowledge // of statements
	server   server               // that it leads to
	inTx     bool                 // a transaction is open
	ending   bool                 // it is to end before anything else is done
	broken   bool                 // it cannot be used any more
	silent   bool                 // because no answer came
	owed     int                  // answers to what was sent ahead, still to be read
	warning  error                // of the last exchange
	patience time.Duration        // for an answer
}

// knowledge is whether the server knows a statement.
type knowledge byte

const (
	prepared knowledge = iota + 1
	unsure             // it was sent behind something that failed
)

// statement is one that is prepared once in a connection.
type statement struct {
	name, sql string
	types     []uint32 // of its parameters
}

// The object identifiers of types.
const (
	oidBool       = 16
	oidBytea      = 17
	oidInt8       = 20
	oidByteaArray = 1001
	oidInt8Array  = 1016
)

// call is a statement with its parameters, and what is made of its rows.
type call struct {
	*statement
	args [][]byte
	// row is given each row, which is not to be kept. Nil drops them.
	row func(columns [][]byte)
	// affected is how many rows it came by.
	affected int64
}

// errLost is in the chain of the error of an exchange of which nobody knows how far it came.
var errLost = errors.New("the connection to the database was lost")

// errUnreached is in the chain of the error of connecting that may be tried again.
var errUnreached = errors.New("the database cannot be reached")

// lost returns the error of a connection that failed.
func (c *conn) lost(err error) error {
	c.broken = true
	c.silent = errors.Is(err, os.ErrDeadlineExceeded)
	return fmt.Errorf("%w: %w", errLost, err)
}

var (
	binaryFormat = []int16{1}
	terminate    = &pgproto3.Terminate{}
)

// close ends a connection without a word that could cancel what it did last.
func (c *conn) close() {
	if c == nil {
		return
	}
	if !c.broken && !c.inTx && c.owed == 0 {
		if c.net.SetDeadline(time.Now().Add(time.Second)) == nil {
			c.wire.Send(terminate)
			_ = c.wire.Flush() // it is closed all the same
		}
	}
	_ = c.net.Close()
}

// retire is close of a connection whose transaction is to end, which a server would note down if it
// were cut off.
func (c *conn) retire() {
	_ = c.endNow() // where that fails, closing ends it
	c.close()
}

// exchange sends calls in one go and reads the answers: one round trip. An error of the server's
// is a *pgconn.PgError, behind which the calls that follow were not run and the transaction, if
// one is open, has failed; any other has errLost in its chain, and leaves nothing to be used.
func (c *conn) exchange(calls ...*call) error {
	c.warning = nil
	if c.ending {
		calls = append([]*call{{statement: rollback}}, calls...)
		c.ending = false
	}
	err := c.send(calls)
	if err == nil {
		err = c.settle()
	}
	if err == nil {
		err = c.receive(calls)
	}
	return err
}

// commit is exchange of calls that end with a commit. A warning is an error: it is how a server says
// that it did not wait for the standby.
func (c *conn) commit(calls ...*call) error {
	err := c.exchange(calls...)
	if err == nil {
		err = c.warning
	}
	return err
}

// sendAhead sends calls whose answers the next exchange reads.
func (c *conn) sendAhead(calls ...*call) error {
	if err := c.send(calls); err != nil {
		return err
	}
	c.owed++
	return nil
}

// endLater has the transaction end, if one is open, along with the next exchange or at endNow: by
// itself that would wake the server once more, and this process by its answer.
func (c *conn) endLater() { c.ending = c.inTx }

// endNow has the transaction end that is to end later. Nobody waits for that.
func (c *conn) endNow() error {
	if !c.ending {
		return nil
	}
	c.ending = false
	return c.sendAhead(&call{statement: rollback})
}

// settle reads the answers to what was sent ahead.
func (c *conn) settle() error {
	for ; c.owed > 0; c.owed-- {
		if err := c.receive(nil); err != nil {
			return err
		}
	}
	return nil
}

func (c *conn) send(calls []*call) error {
	if err := c.net.SetDeadline(time.Now().Add(c.patience)); err != nil {
		return c.lost(err)
	}
	for _, k := range calls {
		if known := c.known[k.name]; known != prepared {
			if known == unsure {
				c.wire.SendClose(&pgproto3.Close{ObjectType: 'S', Name: k.name})
			}
			c.wire.SendParse(&pgproto3.Parse{Name: k.name, Query: k.sql, ParameterOIDs: k.types})
			c.known[k.name] = prepared
		}
		c.wire.SendBind(&pgproto3.Bind{
			PreparedStatement: k.name, ParameterFormatCodes: binaryFormat, Parameters: k.args, ResultFormatCodes: binaryFormat,
		})
		c.wire.SendExecute(&pgproto3.Execute{})
	}
	c.wire.SendSync(&pgproto3.Sync{})
	if err := c.wire.Flush(); err != nil {
		return c.lost(err)
	}
	return nil
}

// receive reads the answers up to where the server is ready again.
func (c *conn) receive(calls []*call) error {
	var failed *pgconn.PgError
	for i := 0; ; {
		m, err := c.wire.Receive()
		if err != nil {
			return c.lost(err)
		}
		switch m := m.(type) {
		case *pgproto3.DataRow:
			if i < len(calls) && calls[i].row != nil {
				calls[i].row(m.Values)
			}
		case *pgproto3.CommandComplete:
			if i < len(calls) {
				calls[i].affected = pgconn.NewCommandTag(string(m.CommandTag)).RowsAffected()
			}
			i++
		case *pgproto3.ErrorResponse:
			failed = pgconn.ErrorResponseToPgError(m)
			if failed.SeverityUnlocalized != "ERROR" || len(calls) == 0 { // it hangs up
				return c.lost(failed)
			}
		case *pgproto3.NoticeResponse:
			if m.SeverityUnlocalized == "WARNING" {
				c.warning = fmt.Errorf("the database warns: %s (%s)", m.Message, m.Code)
			}
		case *pgproto3.ReadyForQuery:
			c.inTx = m.TxStatus != 'I'
			if failed == nil {
				return nil
			}
			for _, k := range calls {
				c.known[k.name] = unsure
			}
			return failed
		}
	}
}

// connect connects to one of the servers of a configuration, the first that takes writes and was not the
// primary before another.
func (db *DB) connect(cfg *pgconn.Config, within time.Duration) (*conn, error) {
	var to server
	var process string
	cfg.ValidateConnect = func(ctx context.Context, pg *pgconn.PgConn) (err error) {
		if to, process, err = primary(ctx, pg); err == nil {
			err = db.memory.meet(to)
		}
		if err == nil {
			_, err = pg.Exec(ctx, "SET search_path = "+quoted(db.schema)+"; "+session).ReadAll()
		}
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	pg, err := pgconn.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, notConnected(err)
	}
	if process != fmt.Sprint(pg.PID()) {
		if err := ownSession(ctx, cfg, pg, process); err != nil {
			return nil, notConnected(errors.Join(err, pg.Close(ctx)))
		}
	}
	h, err := pg.Hijack()
	if err != nil {
		return nil, errors.Join(err, pg.Close(ctx))
	}
	return &conn{net: h.Conn, wire: h.Frontend, known: make(map[string]knowledge), server: to, patience: db.opts.Watch}, nil
}

// from returns a configuration whose servers are tried from the n-th on: one that is cut off from
// its standby takes what it cannot commit, and whoever gives that up has to look elsewhere. Each
// has its part of the time within which one is wanted.
func from(cfg *pgconn.Config, n int, within time.Duration) *pgconn.Config {
	all := hosts(cfg)
	n %= len(all)
	cfg = at(cfg, slices.Concat(append(all[n:len(all):len(all)], all[:n]...)...))
	if each := max(time.Second, within/time.Duration(len(all))); cfg.ConnectTimeout == 0 || cfg.ConnectTimeout > each {
		cfg.ConnectTimeout = each
	}
	return cfg
}

// hosts returns the ways to each of the servers that a configuration names: there may be one with
// TLS and one without.
func hosts(cfg *pgconn.Config) (all [][]*pgconn.FallbackConfig) {
	ways := append([]*pgconn.FallbackConfig{{Host: cfg.Host, Port: cfg.Port, TLSConfig: cfg.TLSConfig}}, cfg.Fallbacks...)
	for i, w := range ways {
		if i == 0 || w.Host != ways[i-1].Host || w.Port != ways[i-1].Port {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], w)
	}
	return all
}

// at returns a configuration that has some ways, and otherwise is like another.
func at(cfg *pgconn.Config, ways []*pgconn.FallbackConfig) *pgconn.Config {
	cfg = cfg.Copy()
	cfg.Host, cfg.Port, cfg.TLSConfig, cfg.Fallbacks = ways[0].Host, ways[0].Port, ways[0].TLSConfig, ways[1:]
	return cfg
}

// session is what a connection needs: an index is always the way, whatever the statistics say
// of tables that were empty a moment ago; a commit waits for the standby; and nobody else ends
// what takes long, but a node that stands still with the log in its hand.
const session = `SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_bitmapscan = off;
	SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off; SET statement_timeout = 0; SET lock_timeout = 0;
	SET client_min_messages = warning; SET idle_in_transaction_session_timeout = 0;
	SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit')
		WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false)`

// int8 returns a parameter of type bigint.
func int8(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

func readInt8(b []byte) int64 {
	if len(b) != 8 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(b))
}

// array returns a parameter that is an array of a type, of n elements that item gives.
func array(of uint32, n int, item func(i int) []byte) []byte {
	dims := uint32(1)
	if n == 0 {
		dims = 0
	}
	b := binary.BigEndian.AppendUint32(make([]byte, 0, 20+n*12), dims)
	b = binary.BigEndian.AppendUint32(b, 0) // none is null
	b = binary.BigEndian.AppendUint32(b, of)
	if n == 0 {
		return b
	}
	b = binary.BigEndian.AppendUint32(b, uint32(n))
	b = binary.BigEndian.AppendUint32(b, 1)
	for i := range n {
		v := item(i)
		b = binary.BigEndian.AppendUint32(b, uint32(len(v)))
		b = append(b, v...)
	}
	return b
}

// quoted returns a name as SQL has it.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
