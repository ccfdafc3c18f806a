// Prints the items of the feed on standard input as gofeed reads them, as JSON.
package main

import (
	"encoding/json"
	"os"
	"time"

	"github.com/mmcdole/gofeed"
)

type item struct {
	ID      string   `json:"id"`
	Title   string   `json:"title"`
	URL     string   `json:"url"`
	Date    string   `json:"date"`
	Updated string   `json:"updated"`
	Author  string   `json:"author"`
	Images  []string `json:"images"`
}

func utc(moment *time.Time) string {
	if moment == nil {
		return ""
	}
	return moment.UTC().Format(time.RFC3339)
}

func main() {
	feed, err := gofeed.NewParser().Parse(os.Stdin)
	if err != nil {
		panic(err)
	}
	items := []item{}
	for _, entry := range feed.Items {
		found := item{
			ID:      entry.GUID,
			Title:   entry.Title,
			URL:     entry.Link,
			Date:    utc(entry.PublishedParsed),
			Updated: utc(entry.UpdatedParsed),
			Images:  []string{},
		}
		if entry.Author != nil {
			found.Author = entry.Author.Name
		}
		for _, enclosure := range entry.Enclosures {
			found.Images = append(found.Images, enclosure.URL)
		}
		items = append(items, found)
	}
	json.NewEncoder(os.Stdout).Encode(items)
}
