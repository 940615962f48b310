package conn

import (
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// The usher finds places: it asks the loops who is silent, chooses, and has those give way. It has a goroutine of its own,
// since a loop must not wait for another.

// reserve takes a place for one more client, if there is one: loops accept at the same time.
func (e *Epoll) reserve() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.Limit > 0 && e.live >= e.Limit {
		return false
	}
	e.live++
	return true
}

// giveBack frees a place.
func (e *Epoll) giveBack() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.live--
	e.listen()
}

// await keeps a port from listening until there is a place.
func (e *Epoll) await(p *port) {
	e.mu.Lock()
	e.full(&e.Options, time.Now())
	e.held = append(e.held, p)
	e.short.Store(true)
	e.mu.Unlock()
	e.nudge()
}

// enter counts a client among those of its address. It keeps it waiting where that holds its share of the places already.
func (e *Epoll) enter(s *sock) (waits bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.Limit == 0 {
		return false
	}
	from := clientOf(s.info.Remote.Addr())
	e.hold(from)
	if e.clients[from] <= share(e.Limit) {
		return false
	}
	e.waiting = append(e.waiting, s)
	e.nudge()
	return true
}

// end counts a client out.
func (s *sock) end() {
	e := s.l.e
	s.settled()
	s.l.size.Add(-1)
	if e.Limit > 0 {
		e.mu.Lock()
		e.release(clientOf(s.info.Remote.Addr()))
		e.mu.Unlock()
	}
	e.giveBack()
	s.server.active.Done()
}

// settled notes that a client which was asked to give way has done so, or had something to say.
func (s *sock) settled() {
	if s.evicted {
		s.evicted = false
		s.l.e.going.Add(-1)
	}
}

// stays notes that a client had something to say when it was asked to give way: another must.
func (s *sock) stays() {
	if s.drain = false; s.evicted {
		s.settled()
		s.l.e.nudge()
	}
}

// listen lets the held ports listen again if there is a place. e.mu is held.
func (e *Epoll) listen() {
	if len(e.held) == 0 || e.live >= e.Limit {
		return
	}
	for _, p := range e.held {
		p.l.post(p.watch)
	}
	e.held = nil
	e.short.Store(false)
}

// drop forgets the held ports of a server that accepts nothing more.
func (e *Epoll) drop(s *epollServer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.held = slices.DeleteFunc(e.held, func(p *port) bool { return p.server == s })
	e.short.Store(len(e.held) > 0)
}

// relieve has a silent connection give way, whoever's it is: the process has run out of descriptors.
func (e *Epoll) relieve() {
	e.mu.Lock()
	e.relief = true
	e.mu.Unlock()
	e.nudge()
}

// nudge has the usher look.
func (e *Epoll) nudge() {
	select {
	case e.kick <- struct{}{}:
	default:
	}
}

func (e *Epoll) evictor() {
	defer close(e.ended)
	again := time.NewTimer(0)
	defer again.Stop()
	for {
		select {
		case <-e.kick:
		case <-again.C:
		case <-e.quit:
			return
		}
		if e.takeRelief() {
			e.evict(netip.Addr{}, 1)
		}
		if soon := e.admitWaiting(); e.makeRoom() || soon {
			again.Reset(grace) // who has just come is silent for good then
		}
	}
}

// makeRoom has silent clients give way until there is a place, and reports whether there is none yet.
func (e *Epoll) makeRoom() (short bool) {
	for need := e.needed(); need > 0; need = e.needed() {
		if enough, _ := e.evict(netip.Addr{}, need); !enough {
			return true
		}
	}
	return false
}

// needed is how many more are to give way so that one client finds a place.
func (e *Epoll) needed() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.listen()
	if len(e.held) == 0 {
		return 0
	}
	return e.live - e.Limit + 1 - int(e.going.Load())
}

func (e *Epoll) takeRelief() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	was := e.relief
	e.relief = false
	return was
}

// seat sees to clients whose address holds its share of the places: one of its own silent connections gives way to each,
// and if none of them is silent, the new one is closed. While some have just come it waits; soon reports that.
func (e *Epoll) admitWaiting() (soon bool) {
	e.mu.Lock()
	queue := e.waiting
	e.waiting = nil
	e.mu.Unlock()
	for i, s := range queue {
		from := clientOf(s.info.Remote.Addr())
		e.mu.Lock()
		over := e.clients[from] - share(e.Limit) - ofAddress(queue[i+1:], from) - ofAddress(e.waiting, from) // they are counted, and seen to later
		e.mu.Unlock()
		enough, newcomers := over <= 0, false
		if !enough {
			enough, newcomers = e.evict(from, over)
		}
		switch {
		case enough:
			s.l.post(s.begin)
		case newcomers:
			e.mu.Lock()
			e.waiting = append(e.waiting, s)
			e.mu.Unlock()
			soon = true
		default:
			e.Crowded(from)
			unix.Close(s.fd)
			s.end()
		}
	}
	return soon
}

// ofAddress is how many of the clients are of an address.
func ofAddress(list []*sock, from netip.Addr) (n int) {
	for _, s := range list {
		if clientOf(s.info.Remote.Addr()) == from {
			n++
		}
	}
	return n
}

// taggedSock names a client across rounds of its loop: its socket may serve another meanwhile.
type taggedSock struct {
	s   *sock
	tag int32
}

// evict has those that have been silent longest end, of one address or (the zero Addr) of all: as many as are needed, or a
// batch. It reports whether there were so many, and whether others were spared because they have just come. It returns when
// those that go have had their last turn.
func (e *Epoll) evict(of netip.Addr, need int) (enough, newcomers bool) {
	most := max(need, e.Limit/batchPart)
	found := make([][]silentClient[taggedSock], len(e.loops))
	e.everywhere(func(l *epollLoop) {
		found[slices.Index(e.loops, l)] = l.silent(of, most)
	})
	chosen, newcomers := givingWay(slices.Concat(found...), need, e.Limit)
	gone := make([]int, len(e.loops))
	e.everywhere(func(l *epollLoop) {
		for _, q := range chosen {
			if s := q.conn.s; s.l == l && s.tag == q.conn.tag && !s.closed && s.giveWay() {
				gone[slices.Index(e.loops, l)]++
			}
		}
	})
	e.everywhere(func(*epollLoop) {}) // now the turns have run
	n := 0
	for _, k := range gone {
		n += k
	}
	if n > 0 {
		e.Evicted(n)
	}
	return n >= need, newcomers
}

// giveWay asks a silent client to. A request that is arriving is served all the same.
func (s *sock) giveWay() bool {
	if !s.dismiss() {
		return false
	}
	s.evicted = true
	s.l.e.going.Add(1)
	return true
}

// silent are the clients of a loop that have waited for longest, of each rank so many at most.
func (l *epollLoop) silent(of netip.Addr, most int) (out []silentClient[taggedSock]) {
	now := clock()
	for _, q := range [2]*silentList{&l.mute, &l.idle} {
		n := 0
		for s := q.first; s != nil && n < most; s = s.behind {
			if of.IsValid() && clientOf(s.info.Remote.Addr()) != of {
				continue
			}
			out = append(out, newSilentClient(taggedSock{s, s.tag}, s.spoke, time.Duration(now-s.silentSince)))
			n++
		}
	}
	return out
}
