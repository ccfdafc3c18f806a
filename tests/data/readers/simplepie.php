<?php
// Prints the items of the feed on standard input as SimplePie reads them, as JSON.

error_reporting(E_ALL & ~E_DEPRECATED & ~E_STRICT);
require 'simplepie/autoloader.php';

// SimplePie 1.3.1 is older than PHP 8, which refuses implode() with its arguments exchanged and an
// empty text as a number. Only the class that parses dates has these; it is loaded corrected.
$file = stream_resolve_include_path('simplepie/library/SimplePie/Parse/Date.php');
$corrections = [
    '/implode\((array_keys\(\$this->\w+\)), (\'\|\')\)/' => 'implode($2, $1)',
    '/\$match\[(\d+)\] \/ pow/' => '(int) $match[$1] / pow',
];
$code = preg_replace(array_keys($corrections), $corrections, file_get_contents($file));
eval('?>' . $code);

$feed = new SimplePie();
$feed->enable_cache(false);
$feed->enable_order_by_date(false);
$feed->set_raw_data(stream_get_contents(STDIN));
if (!$feed->init()) {
    fwrite(STDERR, $feed->error() . "\n");
    exit(1);
}
$items = [];
foreach ($feed->get_items() as $item) {
    $author = $item->get_author();
    $urls = array_map(fn ($enclosure) => $enclosure->get_link(), $item->get_enclosures() ?: []);
    $items[] = [
        'id' => $item->get_id(),
        'title' => html_entity_decode((string) $item->get_title(), ENT_QUOTES | ENT_HTML5),
        'url' => html_entity_decode($item->get_permalink()),
        'date' => $item->get_gmdate('Y-m-d\TH:i:s\Z'),
        'updated' => (string) $item->get_updated_gmdate('Y-m-d\TH:i:s\Z'),
        'author' => $author ? $author->get_name() : '',
        'images' => array_values(array_unique(array_filter($urls))),
    ];
}
echo json_encode($items);
