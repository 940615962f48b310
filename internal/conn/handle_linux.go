package conn

// start gives a client its turn: it has something to say, or its time is up.
func (s *sock) startHandler() {
	s.unlist()
	s.busy = true
	s.l.due = append(s.l.due, s)
}

// turns runs a client's turns for as long as there is something to read.
func (s *sock) handleAll() {
	ended := false
	defer func() {
		if !ended {
			s.Reset()
		}
		if s.closed { // only now: a shutdown waits for what the strand has still to do
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

// closeTop closes the connection, TLS first: it says goodbye.
func (s *sock) closeTop() {
	if s.top != nil {
		s.top.Close()
		return
	}
	s.Close()
}

// again reports whether there is something for another turn at once.
func (s *sock) again() bool {
	s.drain = s.server.leaving.Load()
	return s.readable() || s.drain || s.top != nil && s.top.pending()
}

// readable reports whether a turn would find something. A read that was given all it asked for does not tell.
func (s *sock) readable() bool { return s.rready && (s.hup || s.Peer() != PeerIdle) }

// wait leaves the connection to its client until that has something to say: it holds neither a stack nor a buffer.
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
