package dev.vicreg.runtime.natives;

import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.util.jar.JarEntry;
import java.util.zip.CRC32;

/**
 * A native library as it lies on the class path.
 *
 * @param name the file name it must have on disk
 * @param resource where its bytes are
 * @param size its length in bytes
 * @param crc its CRC-32: a jar's directory has it, so that nothing need be unpacked to know which library this is
 */
record NativeFile(String name, URL resource, long size, long crc) {

    static NativeFile of(String name, URL resource) throws IOException {
        URLConnection connection = resource.openConnection();
        connection.setUseCaches(false); // a cached connection would keep the jar open for the life of the process
        if (connection instanceof JarURLConnection inJar) {
            try (var jar = inJar.getJarFile()) {
                JarEntry entry = inJar.getJarEntry();
                if (entry != null && entry.getSize() >= 0 && entry.getCrc() >= 0) {
                    return new NativeFile(name, resource, entry.getSize(), entry.getCrc());
                }
                throw new IOException(jar.getName() + " has no size and checksum for " + inJar.getEntryName());
            }
        }
        var crc = new CRC32();
        long size = 0;
        try (InputStream in = connection.getInputStream()) {
            byte[] buffer = new byte[1 << 16];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                crc.update(buffer, 0, n);
                size += n;
            }
        }
        return new NativeFile(name, resource, size, crc.getValue());
    }

    InputStream open() throws IOException {
        URLConnection connection = resource.openConnection();
        connection.setUseCaches(false);
        return connection.getInputStream();
    }

    /** The jar that holds the library, or the file itself if no jar does, for people to read. */
    String origin() {
        String text = resource.getPath();
        int bang = text.indexOf("!/");
        return bang < 0 ? text : text.substring(text.lastIndexOf('/', bang) + 1, bang);
    }
}
