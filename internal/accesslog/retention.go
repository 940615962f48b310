package accesslog

import (
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"time"
)

// Segment is one hour of the log on disk.
type Segment struct {
	Path     string
	Bytes    int64
	Modified time.Time
}

// Segments lists those below root, oldest first. A root that does not exist has none.
func Segments(root string) ([]Segment, error) {
	var out []Segment
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			if os.IsNotExist(err) {
				return nil
			}
			return err
		}
		if d.Name() != "PT1H.json" {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return nil // removed meanwhile
		}
		out = append(out, Segment{Path: path, Bytes: info.Size(), Modified: info.ModTime()})
		return nil
	})
	sort.Slice(out, func(i, j int) bool { return out[i].Modified.Before(out[j].Modified) })
	return out, err
}

// Retain removes segments that are older than days or that, oldest first, exceed bytes in all; zero means no bound.
// The youngest segment always stays. It returns how many were removed.
func Retain(root string, days int, bytes int64, now time.Time) (int, error) {
	segments, err := Segments(root)
	if err != nil || len(segments) == 0 {
		return 0, err
	}
	total := int64(0)
	for _, s := range segments {
		total += s.Bytes
	}
	removed := 0
	for _, s := range segments[:len(segments)-1] {
		old := days > 0 && now.Sub(s.Modified) > time.Duration(days)*24*time.Hour
		if !old && (bytes <= 0 || total <= bytes) {
			break
		}
		if err := os.Remove(s.Path); err != nil {
			return removed, err
		}
		removeEmpty(filepath.Dir(s.Path), root)
		total -= s.Bytes
		removed++
	}
	return removed, nil
}

// removeEmpty removes the folders that a segment leaves empty, up to root.
func removeEmpty(dir, root string) {
	for len(dir) > len(root) && os.Remove(dir) == nil {
		dir = filepath.Dir(dir)
	}
}
