package rpc

import "time"

// StatusRequest asks how the log is.
type StatusRequest struct {
	// Zone is the time zone of days, as "Europe/Berlin" or "+05:30". Empty means UTC.
	Zone string `json:"zone,omitempty"`
}

// StatusResult says how the log is. What nobody does on this server is left out.
type StatusResult struct {
	Version string    `json:"version"`
	Format  LogFormat `json:"format"`
	// BeganAt is when the server started, Now when it answered.
	BeganAt time.Time `json:"beganAt"`
	Now     time.Time `json:"now"`

	Entries  int64 `json:"entries"`
	Projects int   `json:"projects"`
	LastID   int64 `json:"lastId"`
	// Error is why the log can no longer be written.
	Error string `json:"error,omitempty"`

	// Minutes and Days are what came in: by minute, the one under way last, and by day of the
	// zone, today last. What was before the server first measured is not in there.
	Minutes []Arrived `json:"minutes"`
	Days    []Arrived `json:"days"`

	Disk       DiskStatus        `json:"disk"`
	Index      *IndexStatus      `json:"index,omitempty"`
	Check      *CheckResult      `json:"check,omitempty"`
	Checkpoint *CheckpointStatus `json:"checkpoint,omitempty"`
	Backups    *BackupStatus     `json:"backups,omitempty"`
	Sinks      *SinksStatus      `json:"sinks,omitempty"`
	// Slowest are the slowest calls of the last day, the slowest first.
	Slowest []SlowCall `json:"slowest"`
}

// LogFormat is that of the data on disk.
type LogFormat struct {
	Version int `json:"version"`
	// News says in words what this version of it brought, and who cannot read it any more.
	News string `json:"news"`
}

// Arrived is what came in within a part of time.
type Arrived struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Entries counts those that were recorded, whenever they happened.
	Entries int64 `json:"entries"`
	// Bytes is by how much the log grew on disk, below zero where room was made.
	Bytes int64 `json:"bytes"`
}

// DiskStatus is what lies on the disk, in bytes.
type DiskStatus struct {
	// Log is the database, Free what of it is free for reuse, Derived what lies beside it and can
	// be made anew.
	Log     int64 `json:"log"`
	Free    int64 `json:"free"`
	Derived int64 `json:"derived"`
	// Room is what is free on the disk, Size all that it has; left out where that is not known.
	Room int64 `json:"room,omitempty"`
	Size int64 `json:"size,omitempty"`
	// PerDay is by how much the log grows a day, measured from Since on; Since is left out, and
	// PerDay 0, until that is long enough.
	PerDay int64     `json:"perDay"`
	Since  time.Time `json:"since,omitzero"`
	// FullAt is when the disk is full if it goes on so; left out where that is not within years.
	FullAt time.Time `json:"fullAt,omitzero"`
}

// IndexStatus tells how the full-text index follows the log. Answers are right whatever it does.
type IndexStatus struct {
	// Behind counts the changes of the log that are not in it yet.
	Behind int64 `json:"behind"`
	// Resting says that it waits with them until the log is not being loaded any more.
	Resting bool `json:"resting,omitempty"`
	// Error is why it cannot follow.
	Error string `json:"error,omitempty"`
}

// CheckpointStatus tells of the newest checkpoint.
type CheckpointStatus struct {
	// Origin, Size and Root are what it signs, Signed the whole note.
	Origin string    `json:"origin"`
	Size   int64     `json:"size"`
	Root   string    `json:"root"`
	Signed string    `json:"signed"`
	At     time.Time `json:"at"`
	// Key is the fingerprint of the key that signs.
	Key string `json:"key"`
	// Behind counts the entries that no checkpoint covers yet.
	Behind int64 `json:"behind"`
	// Cosigned are the witnesses that have signed it, or an older one.
	Cosigned []Cosignature `json:"cosigned,omitempty"`
}

// Cosignature is what a witness signed last.
type Cosignature struct {
	Witness string    `json:"witness"`
	At      time.Time `json:"at"`
	Size    int64     `json:"size"`
}

// BackupStatus tells of the backups since the start.
type BackupStatus struct {
	Taken  int64 `json:"taken"`
	Failed int64 `json:"failed"`
	// Last is the moment of the newest one, which added so many bytes to its repository in so
	// many seconds.
	Last     time.Time `json:"last,omitzero"`
	NewBytes int64     `json:"newBytes,omitempty"`
	Seconds  float64   `json:"seconds,omitempty"`
	// To is where the server puts them by itself, and Next when it is due to.
	To   string    `json:"to,omitempty"`
	Next time.Time `json:"next,omitzero"`
	// Error is why the newest one failed, if it did.
	Error string `json:"error,omitempty"`
}

// SinksStatus tells of all sinks together.
type SinksStatus struct {
	// States counts them by state.
	States map[string]int `json:"states"`
	// Behind is how many entries that one has not shipped which is most behind, paused ones left
	// out.
	Behind int64 `json:"behind"`
	// Delivered and Refused count entries since the sinks were made.
	Delivered int64 `json:"delivered"`
	Refused   int64 `json:"refused"`
}

// SlowCall is a call that took long. Those that last as long as their caller likes are not counted.
type SlowCall struct {
	// Method is the method of the API, or the verb and path of a page.
	Method  string    `json:"method"`
	Project string    `json:"project,omitempty"`
	At      time.Time `json:"at"`
	Seconds float64   `json:"seconds"`
	Status  int       `json:"status"`
	// RequestID is what the server's log has of the same call.
	RequestID string `json:"requestId"`
}
