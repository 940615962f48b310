package store_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"causeway/internal/store"
)

// The database reaches its quota: etcd refuses writes and raises an alarm. Care makes room and clears the alarm.
func TestAFullStoreGetsRoomAgain(t *testing.T) {
	t.Parallel()
	s := open(t, store.Options{Dir: filepath.Join(t.TempDir(), "s"), Quota: 48 << 20})
	text := large(t)
	var err error
	last := int64(0)
	for n := byte(0); err == nil && n < 26; n++ {
		changed := bytes.ReplaceAll(text, []byte(".example"), []byte{'.', 'a' + n})
		changed = bytes.ReplaceAll(changed, []byte("/*"), []byte{'/', 'a' + n, '/', '*'})
		var r int64
		if r, err = s.Put(t.Context(), store.Snapshot{Document: changed}, last); err == nil {
			last = r
		}
	}
	if err == nil || !strings.Contains(err.Error(), "the store is full") {
		t.Fatalf("after revision %d: %v", last, err)
	}
	t.Logf("full after revision %d", last)
	eventually(t, "it has room again", func() bool {
		_, err := s.Put(t.Context(), store.Snapshot{Document: text}, last)
		return err == nil
	})
	if st := s.Status(); len(st.Alarms) > 0 || st.Size > st.Quota*9/10 {
		t.Errorf("status: %+v", st)
	}
	if c := at(t, s, last); c.Revision != last {
		t.Error("the history is gone")
	}
}
