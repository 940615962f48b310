package accesslog

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Bounds of what file systems take: 255 bytes a name, and a path of 4,096 of which the rest needs some.
const (
	nameMax   = 255 - len("resourceId=")
	folderMax = 2048
)

// folderOf is the folder of a resource id. A part that is too long for a name, and an id that is too long for a path, is
// shortened to its beginning and a hash of the whole: by a rule, so that the same id has the same folder again.
func folderOf(resourceID string) string {
	parts := strings.Split(resourceID, "/")
	for i, p := range parts {
		parts[i] = shortened(p, nameMax)
	}
	folder := strings.Join(parts, "/")
	if len(folder) <= folderMax {
		return folder
	}
	return shortened(strings.ReplaceAll(resourceID, "/", "-"), nameMax)
}

func shortened(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	tail := "~" + hex.EncodeToString(sum[:8])
	return strings.ToValidUTF8(s[:limit-len(tail)], "") + tail
}
