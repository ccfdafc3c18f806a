// Prints the items of the feed on standard input as ROME reads them, as lines of tab-separated values.

import com.rometools.rome.feed.synd.SyndEnclosure;
import com.rometools.rome.feed.synd.SyndEntry;
import com.rometools.rome.feed.synd.SyndFeed;
import com.rometools.rome.io.SyndFeedInput;
import com.rometools.rome.io.XmlReader;
import java.io.PrintStream;
import java.util.Date;

public class Rome {
    public static void main(String[] arguments) throws Exception {
        SyndFeed feed = new SyndFeedInput().build(new XmlReader(System.in));
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        for (SyndEntry entry : feed.getEntries()) {
            StringBuilder images = new StringBuilder();
            for (SyndEnclosure enclosure : entry.getEnclosures()) {
                images.append(enclosure.getUrl()).append(' ');
            }
            String author = entry.getAuthor() == null ? "" : entry.getAuthor();
            String title = entry.getTitle() == null ? "" : entry.getTitle();
            out.println(String.join("\t", entry.getUri(), title, entry.getLink(),
                utc(entry.getPublishedDate()), utc(entry.getUpdatedDate()), author, images));
        }
    }

    private static String utc(Date date) {
        return date == null ? "" : date.toInstant().toString();
    }
}
