package conn

// start gives a client its turn: it has something to say, or its time is up.
func (s *sock) start() {
	s.leave()
	s.busy = true
	s.l.starts = append(s.l.starts, s)
}

// turns runs a client's turns for as long as there is something to read.
func (s *sock) turns() {
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
		more := s.turn()
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
func (s *sock) readable() bool { return s.rready && (s.hup || s.Peer() != Quiet) }

// wait leaves the connection to its client until that has something to say: it holds neither a stack nor a buffer.
func (s *sock) wait() {
	s.busy = false
	s.settled()
	if s.rd != 0 {
		s.l.arm(s, s.rd)
	}
	if !s.spoke {
		s.l.mute.join(s)
	} else {
		s.silentSince = s.l.now
		s.l.idle.join(s)
	}
	if s.l.e.short.Load() {
		s.l.e.nudge()
	}
}
