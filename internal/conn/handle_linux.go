package conn

// startHandler queues the handler of a client: there is something to read, or its time is up.
func (s *sock) startHandler() {
	s.unlist()
	s.busy = true
	s.l.due = append(s.l.due, s)
}

// heard queues the handler of a client that has sent something. One that sends its first bytes waits until those before it
// are served: see newest.
func (s *sock) heard() {
	if s.spoke || s.hup {
		s.startHandler()
		return
	}
	s.unlist()
	s.busy = true
	s.l.fresh.pushBack(s)
}

// isFresh reports whether the handler has never run, and waits for its turn.
func (s *sock) isFresh() bool { return s.list != nil && s.list == &s.l.fresh }

// handleAll runs the handler for as long as there is something to read.
func (s *sock) handleAll() {
	ended := false
	defer func() {
		if !ended {
			s.Reset()
		}
		if s.closed { // only now: a shutdown waits for what the coroutine still has to do
			s.end()
		}
	}()
	for {
		more := s.handle()
		s.spoke = s.spoke || more
		switch {
		case s.closed:
			ended = true
			return
		case !more:
			s.closeTop()
			ended = true
			return
		case !s.again():
			ended = true
			s.wait()
			return
		}
		if s.l.cur.left <= 0 {
			s.l.yield()
		}
	}
}

// closeTop closes the connection, TLS first: it sends close_notify.
func (s *sock) closeTop() {
	if s.top != nil {
		s.top.Close()
		return
	}
	s.Close()
}

// again reports whether the handler has more to do at once.
func (s *sock) again() bool {
	s.drain = s.server.leaving.Load()
	return s.readable() || s.drain || s.top != nil && s.top.pending()
}

// readable reports whether a handler would find something to read. A read that filled its buffer does not tell.
func (s *sock) readable() bool { return s.rready && (s.hup || s.Peer() != PeerIdle) }

// wait parks the connection until its client sends something: it holds neither stack nor buffer.
func (s *sock) wait() {
	s.busy = false
	s.settled()
	if s.rd != 0 {
		s.l.arm(s, s.rd)
	}
	if !s.spoke {
		s.l.mute.pushBack(s)
	} else {
		s.silentSince = s.l.now
		s.l.idle.pushBack(s)
	}
	if s.l.e.short.Load() {
		s.l.e.nudge()
	}
}
