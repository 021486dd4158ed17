package dev.vicreg.spark;

import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.file.FileDigest;
import dev.vicreg.runtime.natives.Device;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.Serializable;
import java.util.HashMap;
import java.util.Map;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * An encoder on its way to executors, each of which opens it once, however many tasks it has.
 *
 * @param name what messages call it
 * @param sha256 of its file
 * @param file its bytes, which executors get from each other
 * @param device as {@link Device#parse} takes it
 * @param threads for one call
 */
record ShippedModel(String name, String sha256, Broadcast<byte[]> file, String device, int threads)
        implements Serializable {
    /** Those that are open in this JVM. */
    private static final Map<String, EmbeddingModel> OPEN = new HashMap<>();

    /**
     * Reads a model's file.
     *
     * @throws IOException if there is none, or it can't be read
     */
    static ShippedModel read(JavaSparkContext spark, String name, String device, int threads) throws IOException {
        Path path = new Path(name);
        FileSystem files = path.getFileSystem(spark.hadoopConfiguration());
        byte[] bytes;
        try (FSDataInputStream in = files.open(path)) {
            bytes = in.readAllBytes();
        } catch (FileNotFoundException e) {
            throw new IOException("no such model: " + name, e);
        } catch (OutOfMemoryError e) { // of an array, beyond 2 GiB
            throw new IOException(name + " is too large to be shipped: " + e.getMessage(), e);
        }
        return new ShippedModel(name, FileDigest.sha256(bytes), spark.broadcast(bytes), device, threads);
    }

    /**
     * The model, opened in this JVM by whoever asks first and closed as it ends.
     *
     * @throws IOException if it is no encoder exported by this project
     */
    EmbeddingModel open() throws IOException {
        synchronized (OPEN) {
            String key = sha256 + " " + device + " " + threads;
            EmbeddingModel known = OPEN.get(key);
            if (known != null) {
                return known;
            }
            byte[] bytes = file.value();
            EmbeddingModel opened;
            try {
                opened = EmbeddingModel.load(bytes, Device.parse(device), threads);
            } catch (IOException e) {
                String unnamed = "(" + bytes.length + " bytes)";
                throw new IOException(String.valueOf(e.getMessage()).replace(unnamed, name), e);
            }
            Runtime.getRuntime().addShutdownHook(new Thread(opened::close));
            OPEN.put(key, opened);
            return opened;
        }
    }
}
