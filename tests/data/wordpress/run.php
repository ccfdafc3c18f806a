<?php
// Runs the plugin for WordPress once, with what it calls of WordPress kept in a file.

$site = is_file('site.json') ? json_decode(file_get_contents('site.json'), true) : ['options' => [], 'posts' => []];

function add_action(): void {}
function add_filter(): void {}
function wp_slash(array $values): array { return $values; }
function wp_kses_post(string $html): string { return $html; }
function wp_strip_all_tags(string $text): string { return strip_tags($text); }
function get_date_from_gmt(string $time): string { return $time; }

function get_option(string $name, string $default): string
{
    return $GLOBALS['site']['options'][$name] ?? $default;
}

function update_option(string $name, string $value): void
{
    $GLOBALS['site']['options'][$name] = $value;
}

function delete_option(string $name): void
{
    unset($GLOBALS['site']['options'][$name]);
}

function wp_remote_get(string $address): array
{
    $context = stream_context_create(['http' => ['ignore_errors' => true]]);
    $body = file_get_contents($address, false, $context);
    return ['status' => (int) explode(' ', $http_response_header[0])[1], 'body' => $body];
}

function wp_remote_retrieve_response_code(array $answer): int { return $answer['status']; }
function wp_remote_retrieve_body(array $answer): string { return $answer['body']; }

function get_posts(array $query): array
{
    $wanted = fn (array $post): bool => $post['meta_input'][$query['meta_key']] === $query['meta_value'];
    return array_keys(array_filter($GLOBALS['site']['posts'], $wanted));
}

function wp_insert_post(array $post): void
{
    $GLOBALS['site']['posts'][$post['ID'] ?: count($GLOBALS['site']['posts']) + 1] = $post;
}

function wp_trash_post(int $id): void
{
    $GLOBALS['site']['posts'][$id]['post_status'] = 'trash';
}

require 'plugin.php';
syndicate_pull();
file_put_contents('site.json', json_encode($site));
