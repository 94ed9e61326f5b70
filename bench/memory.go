package main

import (
	"time"

	"auditlog/bench/peer"
)

// sampler watches the memory of a log's processes.
type sampler struct {
	stop chan struct{}
	done chan struct{}
	peak peer.Memory
	err  error
}

const sampleEvery = 100 * time.Millisecond

func watchMemory(log peer.Log) *sampler {
	s := &sampler{stop: make(chan struct{}), done: make(chan struct{})}
	go s.run(log)
	return s
}

func (s *sampler) run(log peer.Log) {
	defer close(s.done)
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		m, err := peer.MemoryOf(log.Processes())
		if err != nil {
			s.err = err
			return
		}
		s.peak.Own, s.peak.Shared = max(s.peak.Own, m.Own), max(s.peak.Shared, m.Shared)
		select {
		case <-s.stop:
			return
		case <-tick.C:
		}
	}
}

// end returns the most memory that was seen.
func (s *sampler) end() (peer.Memory, error) {
	close(s.stop)
	<-s.done
	return s.peak, s.err
}
