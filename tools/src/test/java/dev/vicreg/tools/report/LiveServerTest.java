package dev.vicreg.tools.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.setting.SettingException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class LiveServerTest {
    /** A request written by hand, since Java's client chooses the host itself; returns the first line of the answer. */
    private static String ask(LiveServer server, String line, String... headers) throws IOException {
        int port = URI.create(server.address()).getPort();
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            String request = line + " HTTP/1.1\r\n" + String.join("\r\n", headers)
                    + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return answer.lines().findFirst().orElse("").replaceFirst("HTTP/1.1 ([0-9]+).*", "$1");
        }
    }

    private static String own(LiveServer server) {
        return "Host: " + URI.create(server.address()).getAuthority();
    }

    @Test
    void namesOfOtherSitesThatLeadHereAreRefused() throws IOException {
        try (LiveServer server = LiveServer.open(0)) {
            assertEquals("503", ask(server, "GET /", own(server))); // no run yet
            assertEquals("403", ask(server, "GET /", "Host: rebound.example"));
            assertEquals("403", ask(server, "GET /data.json", "Host: 127.0.0.1.example"));
            assertEquals("403", ask(server, "POST /stop", "Host: rebound.example"));
            assertEquals("404", ask(server, "GET /../etc/passwd", own(server)));
            assertEquals("405", ask(server, "PUT /", own(server)));
        }
    }

    @Test
    void formsOfOtherSitesDoNotStopTheRun() throws IOException {
        try (LiveServer server = LiveServer.open(0)) {
            assertEquals("403", ask(server, "POST /stop", own(server), "Origin: http://evil.example"));
            assertEquals("403", ask(server, "POST /stop", own(server), "X-Vicreg-Token: guessed"));
            assertEquals("405", ask(server, "GET /stop", own(server)));
            assertFalse(server.isStopRequested());
        }
    }

    @Test
    void aPortThatIsTakenIsRefusedByName() throws IOException {
        try (LiveServer server = LiveServer.open(0)) {
            int port = URI.create(server.address()).getPort();
            String message = assertThrows(SettingException.class, () -> LiveServer.open(port))
                    .getMessage();
            assertTrue(message.startsWith("`live` " + port + " can't be opened"), message);
        }
    }
}
