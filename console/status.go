package console

import (
	"encoding/base64"
	"html/template"
	"net/http"
	"time"

	"auditlog/auth/rights"
	"auditlog/console/amounts"
	"auditlog/console/clock"
	"auditlog/console/statuspage"
	"auditlog/proof/qr"
	"auditlog/rpc"
)

// statusPage tells how the log is.
type statusPage struct {
	frame
	Log *rpc.StatusResult
	v   *visit
	// Troubles are what somebody should look at.
	Troubles []string
	// Charts draw what came in.
	Charts []statuspage.Chart
	// Shares are who has the disk.
	Shares []statuspage.Share
	// Nodes tells of the nodes that have the log, nil where there can be one alone.
	Nodes *nodesState
	// QR is the newest checkpoint as a picture.
	QR template.URL
}

// status answers how the log is, to admins of the whole of it.
func (c *console) status(v *visit) error {
	if err := v.who.Check(rights.LogStatus, ""); err != nil {
		return err
	}
	if c.opts.Status == nil {
		return c.unknown(v)
	}
	st, err := c.opts.Status.Status(&rpc.StatusRequest{Zone: v.Zone.String()})
	if err != nil {
		return err
	}
	p := statusPage{
		Log: st, v: v,
		Troubles: statuspage.Troubles(st),
		Charts:   []statuspage.Chart{statuspage.ByMinute(st.Minutes, v.Zone), statuspage.ByDay(st.Days, v.Zone)},
		Shares:   statuspage.Disk(st.Disk),
		Nodes:    c.nodes(),
	}
	if st.Checkpoint != nil {
		p.QR = picture(st.Checkpoint.Signed)
	}
	if v.r.URL.Query().Get(keyPart) == "state" {
		return c.renderPart(v, http.StatusOK, "status", "state-of-log", p)
	}
	p.frame = c.frame(v, "Status", navStatus, "")
	return c.render(v, http.StatusOK, "status", p)
}

// picture returns a text as a QR code, or nothing for one that none holds.
func picture(text string) template.URL {
	code, err := qr.Encode(text)
	if err != nil {
		return ""
	}
	png, err := code.PNG()
	if err != nil {
		return ""
	}
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(png))
}

// When is a time in the visitor's zone.
func (p statusPage) When(t time.Time) clock.Moment { return p.v.Moment(t) }

// Uptime is how long the server has been running.
func (p statusPage) Uptime() string { return amounts.Uptime(p.Log.Now.Sub(p.Log.BeganAt)) }

// Used is how many bytes of the disk are the log's, with what lies beside it.
func (p statusPage) Used() int64 { return p.Log.Disk.Log + p.Log.Disk.Derived }

// Grows says by how much the log grows.
func (p statusPage) Grows() string { return statuspage.Growth(p.Log.Disk) }

// FullIn says when the disk is full if it goes on so.
func (p statusPage) FullIn() string { return statuspage.Forecast(p.Log.Disk, p.Log.Now) }

// Shipping says how many sinks are in which state.
func (p statusPage) Shipping() string { return statuspage.States(p.Log.Sinks) }

// Reached says how far a reading has come.
func (p statusPage) Reached(progress float64) string { return statuspage.Reached(progress) }

// Took writes how long something took.
func (p statusPage) Took(seconds float64) string { return amounts.Took(seconds) }

// Next says when the next backup is due.
func (p statusPage) Next() string { return statuspage.In(p.Log.Backups.Next.Sub(p.Log.Now)) }

// nodesState is what nodes a log has.
type nodesState struct {
	Names       []string
	Own, OnDuty string
	NotReady    string
}

func (c *console) nodes() *nodesState {
	if c.opts.Nodes == nil {
		return nil
	}
	n := &nodesState{}
	n.Names, n.Own, n.OnDuty = c.opts.Nodes()
	if c.opts.Ready == nil {
		return n
	}
	if err := c.opts.Ready(); err != nil {
		n.NotReady = err.Error()
	}
	return n
}
