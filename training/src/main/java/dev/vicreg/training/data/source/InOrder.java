package dev.vicreg.training.data.source;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Reads a data set from first to last without augmentation, as embedding and evaluation do. */
public final class InOrder {
    private InOrder() {}

    /** What was made of the sample at this index. */
    public record Item<T>(int index, T value) {}

    /** Reads and prepares a sample; run on several threads. */
    public interface Reader<T> {
        T read(int index) throws IOException;
    }

    /** Takes the next items; may throw what reading throws. */
    public interface Sink<T> {
        void accept(List<Item<T>> items) throws IOException;
    }

    /**
     * Reads samples on all processors, {@code batchSize} at a time, and hands them over in order. A sample that cannot be
     * decoded is left out and named in the log.
     *
     * @param reader run on several threads; a whole sample lives no longer than this call, so a large one should be brought
     *     to size in it
     * @param sink called on this thread, with at least one item
     * @return how many samples were left out
     * @throws IOException if more than 1 % of the samples cannot be decoded
     */
    public static <T> int forEachBatch(Dataset<?> dataset, int batchSize, Reader<T> reader, Sink<T> sink)
            throws IOException {
        Undecodable undecodable = new Undecodable("the data set", dataset.noun(), dataset.size());
        for (int first = 0; first < dataset.size(); first += batchSize) {
            int start = first;
            int count = Math.min(batchSize, dataset.size() - first);
            List<Item<T>> items = IntStream.range(start, start + count)
                    .parallel()
                    .mapToObj(index -> item(index, reader, undecodable))
                    .flatMap(Optional::stream)
                    .toList();
            undecodable.check();
            if (!items.isEmpty()) {
                sink.accept(items);
            }
        }
        return undecodable.count();
    }

    private static <T> Optional<Item<T>> item(int index, Reader<T> reader, Undecodable undecodable) {
        try {
            return Optional.of(new Item<>(index, reader.read(index)));
        } catch (IOException e) {
            undecodable.add(index, e);
            return Optional.empty();
        }
    }
}
