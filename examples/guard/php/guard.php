<?php
// Lets a transfer through only with a proof of a code for payments, which Countersign itself checks and spends, so that it serves once:
//   COUNTERSIGN_URL=http://127.0.0.1:8080 COUNTERSIGN_KEY=… php -S 127.0.0.1:PORT guard.php
declare(strict_types=1);

/** What was proved; ends the request where it was not. */
function requireProof(string $purpose): array
{
    $token = $_SERVER['HTTP_COUNTERSIGN_PROOF'] ?? '';
    $answer = $token === '' ? ['code' => 'unauthenticated'] : redeem($token);
    if ($answer === null) finish(503, ['error' => 'proofs cannot be checked now']);
    if (isset($answer['code']) || ($answer['purpose'] ?? '') !== $purpose || ($answer['bindingSha256'] ?? '') !== '') {
        header("www-authenticate: Countersign purpose=\"$purpose\"");
        finish(401, ['error' => $answer['message'] ?? "a proof of a code for $purpose is needed"]);
    }
    return $answer;
}

/** The answer or the error of RedeemProof; null where there is none, or none that says anything of the proof. */
function redeem(string $token): ?array
{
    $key = getenv('COUNTERSIGN_KEY');
    $http = [
        'method' => 'POST',
        'header' => ['content-type: application/json', ...($key ? ["authorization: Bearer $key"] : [])],
        'content' => json_encode(['proofToken' => $token, 'requestId' => bin2hex(random_bytes(16))]),
        'timeout' => 15,
        'ignore_errors' => true,
    ];
    $body = @file_get_contents(getenv('COUNTERSIGN_URL') . '/countersign.v1.ProofService/RedeemProof', context: stream_context_create(['http' => $http]));
    $answer = $body === false ? null : json_decode($body, true);
    $refusals = ['permission_denied', 'failed_precondition', 'invalid_argument'];
    return isset($answer['challengeId']) || in_array($answer['code'] ?? '', $refusals, true) ? $answer : null;
}

function finish(int $status, array $body): never
{
    http_response_code($status);
    header('content-type: application/json');
    exit(json_encode($body));
}

$proof = requireProof('payment');
finish(200, ['transferredFor' => $proof['subject']]);
